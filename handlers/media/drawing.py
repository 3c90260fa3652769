"""`python -m handlers.media.drawing SOURCE TARGET TYPE [WIDTHxHEIGHT crop|pad]`: one picture, in a process of its own.

A picture that comes from outside is decoded here and nowhere else: what a decoder takes, or breaks, is that process. The answer
is `{}`, or `{"broken": why}`. fitting.py starts it.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from .confined import run

QUALITY = 95  # of a JPEG


def draw(source: str, target: str, media_type: str, size: str = "", fit: str = "") -> dict[str, Any]:
    """Write a picture as PNG or JPEG, upright, and of this size if one is given."""
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with Image.open(source, formats=("PNG", "JPEG", "WEBP")) as stored:
            upright = ImageOps.exif_transpose(stored)
            if upright.mode.startswith("I"):  # 16 bits of grey, which would be cut off at 255
                upright = upright.convert("I").point(lambda value: value * (1 / 256)).convert("L")
            clear = upright.has_transparency_data and media_type == "image/png"
            picture = upright.convert("RGBA" if clear else "RGB")
            if size:
                width, height = map(int, size.split("x"))
                picture = (ImageOps.fit if fit == "crop" else ImageOps.pad)(picture, (width, height))
            profile = stored.info.get("icc_profile") if stored.mode in ("RGB", "RGBA") else None  # it is of that mode
            kind = media_type.removeprefix("image/").upper()
            with Path(target).open("wb") as file:
                picture.save(file, kind, quality=QUALITY, icc_profile=profile)
    except Exception as error:  # Pillow's decoders raise whatever comes to them: OSError, SyntaxError, MemoryError
        return {"broken": f"{type(error).__name__}: {error}"}
    return {}


if __name__ == "__main__":
    run(draw)
