"""Making an image fit for a provider: of a type that it takes, or of the size of the video. Decoding is done elsewhere."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Literal

import structlog

from ..errors import InvalidRequest, Unavailable
from . import apart
from .images import FIELD, Image, aside, sniff

log = structlog.get_logger()

Fit = Literal["crop", "pad"]

SECONDS = 20.0  # for one picture, with its wait for a process; with fetching it less than reconciling.PRESUMED_DEAD


async def fitted(image: Image, media_type: str, size: tuple[int, int] | None, fit: Fit | None) -> Image:
    """The image as `media_type`, PNG or JPEG, and of this size.

    Raises InvalidRequest if it cannot be decoded, Unavailable if there is no room to do so.
    """
    try:
        return await _fitted(image, media_type, size, fit)
    except OSError as error:
        log.error("an image cannot be fitted", error=str(error))
        raise Unavailable("The gateway cannot fit images just now.") from error


async def _fitted(image: Image, media_type: str, size: tuple[int, int] | None, fit: Fit | None) -> Image:
    how = [] if size is None else [f"{size[0]}x{size[1]}", fit or "pad"]
    with tempfile.TemporaryDirectory(prefix="reelgate-") as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        await asyncio.to_thread(source.write_bytes, image.content)
        try:
            async with asyncio.timeout(SECONDS):
                answer = await apart.answer(
                    "handlers.media.drawing", str(source), str(target), media_type, *how, patience=SECONDS
                )
        except (apart.Broken, TimeoutError) as error:
            answer = {"broken": str(error) or "it takes too long"}
        if "broken" in answer:
            log.info("an image could not be decoded", sha256=image.sha256, error=answer["broken"])
            raise InvalidRequest(
                "input_reference cannot be decoded, and the model needs it in another form than it has. "
                "Send an image that is whole.",
                code="invalid_image",
                param=FIELD,
            )
        return await aside(sniff, await asyncio.to_thread(target.read_bytes))
