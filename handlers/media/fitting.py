"""Making an image fit for a provider: of a type that it takes, or of the size of the video. Decoding is done elsewhere."""

from __future__ import annotations

from functools import partial

import structlog
from anyio import BrokenWorkerProcess, CapacityLimiter, fail_after, to_process

from ..errors import InvalidRequest
from .drawing import Fit, drawn
from .images import FIELD, Image, aside, sniff

log = structlog.get_logger()

AT_ONCE = 2  # processes that decode, each of which may need hundreds of megabytes
SECONDS = 20.0  # for one picture, with its wait for a process; with fetching it less than reconciling.PRESUMED_DEAD


class Fitting:
    """Turns images into others, a few at a time."""

    def __init__(self) -> None:
        self._limiter: CapacityLimiter | None = None

    async def image(self, image: Image, media_type: str, size: tuple[int, int] | None, fit: Fit | None) -> Image:
        """The image as `media_type`, PNG or JPEG, and of this size. Raises InvalidRequest if it cannot be decoded."""
        self._limiter = self._limiter or CapacityLimiter(AT_ONCE)
        work = partial(drawn, image.content, media_type, size, fit)
        try:
            with fail_after(SECONDS):
                content = await to_process.run_sync(work, cancellable=True, limiter=self._limiter)
        except (ValueError, TimeoutError, BrokenWorkerProcess) as error:
            log.info("an image could not be decoded", sha256=image.sha256, error=f"{type(error).__name__}: {error}")
            raise InvalidRequest(
                "input_reference cannot be decoded, and the model needs it in another form than it has. "
                "Send an image that is whole.",
                code="invalid_image",
                param=FIELD,
            ) from None
        return await aside(sniff, content)
