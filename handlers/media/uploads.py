"""How much of uploads may be in memory at once, and the image of each request until it is sent on.

What a request costs is known where the work is done, so that is where it is held: while its body arrives (`edge/bodies.py`),
while an image is fetched, as long as an image waits to be taken by a provider. A request that would need more than there is
is refused, with nothing lost; it gives back what it holds when it needs it no longer, and at the latest when it is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..errors import TooManyUploads
from .images import Image

FREE = 64 * 1024  # bytes: who holds no more is not counted, so that ordinary requests are never refused


class Uploads:
    """The room of this process, in bytes."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0

    @contextmanager
    def request(self) -> Iterator[Upload]:
        """What the request in this context holds. It is given back in the end."""
        upload = Upload(self)
        token = current.set(upload)
        try:
            yield upload
        finally:
            current.reset(token)
            upload.release()


class Upload:
    """What one request holds of the room, and its image."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self.held = 0  # bytes
        self._image: Image | None = None

    def hold(self, size: int) -> None:
        """Hold `size` bytes in all, be it more or less than before. Raises TooManyUploads if there is not so much.

        One that is alone is never refused: however large it is, it will find its time.
        """
        counted = size if size > FREE else 0
        others = self._uploads.held - self.held
        if counted > self.held and others and others + counted > self._uploads.most:
            raise TooManyUploads(
                "The gateway has as many uploads in its memory as REELGATE_UPLOADS_MB allows. "
                "Send the request again in a moment; a URL in place of the image takes none of it, where the provider "
                "fetches it."
            )
        self._uploads.held += counted - self.held
        self.held = counted

    def put(self, image: Image) -> None:
        self._image = image

    def take(self) -> Image | None:
        """The image that came with the request, for the one who sends it on: nothing here keeps it."""
        image, self._image = self._image, None
        return image

    def release(self) -> None:
        self._image = None
        self.hold(0)


current: ContextVar[Upload] = ContextVar("upload")
"""The upload of the request being served."""


def more() -> Callable[[int], None]:
    """Lets the request being served hold so many bytes beside what it holds now; where none is served, nothing is held."""
    upload = current.get(None)
    if upload is None:
        return lambda size: None
    already = upload.held
    return lambda size: upload.hold(already + size)
