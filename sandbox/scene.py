"""What is to be seen in a clip: everything that the picture depends on, and nothing else.

Two equal scenes give byte-equal files, so a scene's `key` is also the name of its files: tasks with the same
input share one render, and a restart finds what was rendered before it.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

LOOK = 1  # raise it when rendering changes, so that files of the old look are not taken for the new one
FRAMES_PER_SECOND = 24


@dataclass(frozen=True)
class Scene:
    """A clip to render. Width and height are even numbers of pixels, as yuv420p demands."""

    prompt: str
    width: int
    height: int
    seconds: int
    audio: bool
    seed: int = 0
    image: str | None = None  # file name of the first frame's image, in the directory of inputs

    @property
    def frames(self) -> int:
        """Number of frames: the duration is exact."""
        return self.seconds * FRAMES_PER_SECOND

    @property
    def key(self) -> str:
        """64 hexadecimal digits that name this scene and its look."""
        return hashlib.sha256(json.dumps([LOOK, asdict(self)]).encode()).hexdigest()


PLACEHOLDER = Scene(prompt="reelgate sandbox", width=320, height=180, seconds=1, audio=False)
"""The clip that stands in for all others under `[sandbox:no-render]`: small, and rendered once."""


def dimensions(text: str) -> tuple[int, int]:
    """'1280x720' or '1280:720' -> (1280, 720), in pixels."""
    width, height = text.replace(":", "x").split("x")
    return int(width), int(height)
