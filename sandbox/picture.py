"""The frames of a scene: drifting waves of colour, the prompt on a plate, a clock and a watermark.

The waves are computed on a coarse grid and enlarged, since Pillow enlarges far faster than Python computes;
being smooth, they lose nothing. What does not move (the plate, the watermark) is drawn once and pasted onto
every frame. Every choice comes from a hash of prompt and seed, so a scene always looks the same.
"""

import hashlib
import math
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps

from sandbox.scene import FRAMES_PER_SECOND, Scene

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

PALETTES = (  # five colours each, dark to light, that stay pleasant when blended into one another
    ("0b1026", "3b1c71", "a3218e", "f0653f", "f7b955"),  # dusk
    ("04182b", "0b4f6c", "148f8f", "5fc7a8", "d8e2b0"),  # lagoon
    ("10002b", "3c096c", "6f2bb5", "b57bee", "f0b3e6"),  # orchid
    ("081c15", "1b4332", "3f8f64", "8fcf9f", "e6e3a8"),  # fern
    ("120a2e", "36207a", "0a6fa3", "2fc4c9", "b9f2c8"),  # aurora
    ("2b0a12", "7a1631", "c43b4a", "ef8354", "f7c98b"),  # ember
    ("0a1128", "1c3d8f", "3f78dd", "9a9cf2", "f2b8d0"),  # dawn
    ("14110f", "5c3d2e", "b0713f", "e0ac66", "f0d9a8"),  # dune
)
GRID = 96  # cells along the longer side
STEPS = 1024  # on the ring of colours; fewer would show as bands
SHEEN = 0.06  # depth of the ripples of light, as a share of full brightness
VIGNETTE = 0.45  # how much darker the corners are
FADE_SECONDS = 1.0  # an input image gives way to the waves in this time
INK = (255, 255, 255)
PLATE = (8, 10, 20, 150)
ASCII_FOR = str.maketrans({"—": "-", "–": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "..."})


def frames(scene: Scene, opening: Image.Image | None) -> Iterator[Image.Image]:
    """The RGB frames of a scene; `opening`, if given, is the first and dissolves within a second."""
    size = (scene.width, scene.height)
    first = ImageOps.fit(opening.convert("RGB"), size, Image.Resampling.BICUBIC) if opening else None
    label, place = _label(scene)
    for number in range(scene.frames):
        frame = waves(scene, number)
        frame.paste(label, place, label)
        _draw_clock(frame, scene, number)
        shown = number / (FADE_SECONDS * FRAMES_PER_SECOND)
        yield Image.blend(first, frame, shown) if first and shown < 1.0 else frame


def waves(scene: Scene, number: int) -> Image.Image:
    """The background of one frame.

    Three travelling sine waves, the first two bent by slower ones, are summed to a position on a ring of
    colours. Most terms depend on one coordinate only and are computed once per row or column.
    """
    scale = GRID / max(scene.width, scene.height)
    columns, rows = max(8, round(scene.width * scale)), max(8, round(scene.height * scale))
    entropy = hashlib.sha256(f"{scene.seed}/{scene.prompt}".encode()).digest()
    phase = [byte / 256 * math.tau for byte in entropy[1:5]]
    time = number / FRAMES_PER_SECOND
    x = [2.0 * column / GRID for column in range(columns)]
    y = [2.0 * row / GRID for row in range(rows)]
    across = [2.1 * v + 0.55 * time + phase[0] for v in x]
    down = [2.4 * v - 0.45 * time + phase[1] for v in y]
    sway = [1.1 * math.sin(1.7 * v - 0.35 * time + phase[2]) for v in x]
    swell = [1.3 * math.sin(2.3 * v + 0.5 * time + phase[3]) for v in y]
    ring, sin = _ring_of_colours(entropy[0] % len(PALETTES)), math.sin
    drift, reach = 0.18 * STEPS + 36 * time, 0.15 * STEPS
    triples = [
        ring[int(drift + reach * (sin(a + bend) + sin(d + lean) + sin(0.7 * (a + d)))) % STEPS]
        for d, bend in zip(down, swell, strict=True)
        for a, lean in zip(across, sway, strict=True)
    ]
    coarse = Image.frombytes("RGB", (columns, rows), b"".join(triples))
    lit = ImageChops.multiply(coarse, _vignette(columns, rows))
    return lit.resize((scene.width, scene.height), Image.Resampling.BICUBIC)


@lru_cache(maxsize=len(PALETTES))
def _ring_of_colours(palette: int) -> list[bytes]:
    """RGB triples that lead through a palette and back, so without a seam, with ripples of light."""
    colours = [bytes.fromhex(colour) for colour in PALETTES[palette]]
    stops = colours + colours[-2:0:-1]
    triples = []
    for step in range(STEPS):
        stop, part = divmod(step / STEPS * len(stops), 1)
        eased = (1 - math.cos(math.pi * part)) / 2
        here, there = stops[int(stop)], stops[(int(stop) + 1) % len(stops)]
        light = 1 + SHEEN * math.sin(step / STEPS * math.tau * 9)
        triples.append(bytes(min(255, int(light * (a + (b - a) * eased))) for a, b in zip(here, there, strict=True)))
    return triples


@lru_cache(maxsize=16)
def _vignette(columns: int, rows: int) -> Image.Image:
    """How bright each cell is: full in the middle, darker towards the corners."""
    across = [((2 * column + 1) / columns - 1) ** 2 / 2 for column in range(columns)]
    down = [((2 * row + 1) / rows - 1) ** 2 / 2 for row in range(rows)]
    light = bytes(int(255 * (1 - VIGNETTE * (a + d) ** 1.5)) for d in down for a in across)
    return Image.frombytes("L", (columns, rows), light).convert("RGB")


def _label(scene: Scene) -> tuple[Image.Image, tuple[int, int]]:
    """The prompt on its plate, the watermark below it, and where their upper left corner goes."""
    unit = _unit(scene)
    layer = Image.new("RGBA", (scene.width, scene.height))
    draw = ImageDraw.Draw(layer)
    body, small = _font(34 * unit), _font(18 * unit)
    margin, padding, leading = 40 * unit, 24 * unit, 44 * unit
    room = scene.width - 2 * (margin + padding)
    lines = wrap(scene.prompt, body, room, most=max(1, int(0.4 * scene.height / leading)))
    bottom = scene.height - 2 * margin
    top = bottom - 2 * padding - leading * len(lines)
    right = margin + 2 * padding + max(body.getlength(line) for line in lines)
    draw.rounded_rectangle((margin, top, right, bottom), radius=16 * unit, fill=PLATE)
    for row, line in enumerate(lines):
        draw.text((margin + padding, top + padding + row * leading), line, font=body, fill=INK)
    mark = (margin, scene.height - margin - 14 * unit)
    draw.text(mark, "reelgate sandbox", font=small, fill=INK, stroke_width=unit, stroke_fill=PLATE)
    left, upper, *_ = box = layer.getbbox() or (0, 0, scene.width, scene.height)
    return layer.crop(box), (left, upper)


def _draw_clock(frame: Image.Image, scene: Scene, number: int) -> None:
    """Timecode and frame counter in the upper right corner; along the lower edge, how much has passed."""
    unit = _unit(scene)
    seconds, rest = divmod(number, FRAMES_PER_SECOND)
    text = f"00:00:{seconds:02}:{rest:02}   {number + 1}/{scene.frames}"
    draw = ImageDraw.Draw(frame)
    corner = (scene.width - 40 * unit, 36 * unit)
    draw.text(corner, text, font=_font(20 * unit), fill=INK, anchor="ra", stroke_width=unit, stroke_fill=PLATE[:3])
    draw.rectangle((0, scene.height - 5 * unit, scene.width * (number + 1) / scene.frames, scene.height), fill=INK)


def wrap(text: str, font: Font, room: float, most: int) -> list[str]:
    """Text -> one to `most` lines of up to `room` pixels; too wide a word is broken, the rest cut off."""
    lines = [""]
    for word in printable(text).split():
        joined = f"{lines[-1]} {word}".lstrip()
        if font.getlength(joined) <= room:
            lines[-1] = joined
            continue
        lines += [""] if lines[-1] else []
        for letter in word:
            if lines[-1] and font.getlength(lines[-1] + letter) > room:
                lines.append("")
            lines[-1] += letter
        if len(lines) > most:
            return [*lines[: most - 1], lines[most - 1][:-3] + "..."]
    return lines


def printable(text: str) -> str:
    """Text as the built-in font can show it: accents dropped, typographic marks in ASCII, controls as spaces.

    Other scripts keep their place as empty boxes.
    """
    plain = unicodedata.normalize("NFKD", text.translate(ASCII_FOR))
    kept = (letter for letter in plain if not unicodedata.combining(letter))
    return "".join(letter if letter.isprintable() else " " for letter in kept)


@lru_cache(maxsize=32)
def _font(size: float) -> Font:
    return ImageFont.load_default(size)


def _unit(scene: Scene) -> float:
    """The length that is one pixel in a 720p picture."""
    return min(scene.width, scene.height) / 720
