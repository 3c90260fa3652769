"""What is done to pictures, in a process of its own that loads little more than this module.

A picture that comes from outside is decoded here and nowhere else: what a decoder takes, or breaks, is that process.
"""

from __future__ import annotations

import io
import resource
import warnings
from contextlib import suppress
from typing import Literal

from PIL import Image, ImageOps

Fit = Literal["crop", "pad"]

MEMORY = 2 * 1024**3  # bytes of address space: several copies of the largest picture, with what Python itself takes
QUALITY = 95  # of a JPEG


def drawn(content: bytes, media_type: str, size: tuple[int, int] | None, fit: Fit | None) -> bytes:
    """A picture -> PNG or JPEG, upright, of this size if one is given. Raises ValueError when it cannot be decoded."""
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    out = io.BytesIO()
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as stored:
            upright = ImageOps.exif_transpose(stored)
            clear = upright.has_transparency_data and media_type == "image/png"
            picture = upright.convert("RGBA" if clear else "RGB")
            if size is not None and fit == "crop":
                picture = ImageOps.fit(picture, size)
            elif size is not None:
                picture = ImageOps.pad(picture, size)
            profile = stored.info.get("icc_profile")
            picture.save(out, media_type.removeprefix("image/").upper(), quality=QUALITY, icc_profile=profile)
    except Exception as error:  # Pillow's decoders raise whatever comes to them: OSError, SyntaxError, MemoryError
        raise ValueError(f"{type(error).__name__}: {error}") from None
    return out.getvalue()
