"""What xAI's video API accepts, what it will cost, and the words in which it refuses the rest.

Source: upstreams/xai.yaml and the sources named there. The wording of refusals is ours; programs must rely on status and `code`
only. Nothing is fetched: a remote image is taken on trust.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationErrorKind

from sandbox import images
from sandbox.scene import Scene
from sandbox.wire import Refusal

ASPECT, RESOLUTION, DURATION = "16:9", "480p", 8  # where none is given; duration in seconds
WIDE = {"480p": 848, "720p": 1280, "1080p": 1920}  # pixels along the long edge of 16:9
LONGEST_SOURCE = 8.7  # seconds
TICKS = {  # 10^-10 US dollars per second, by model and resolution
    "grok-imagine-video": {"480p": 500_000_000, "720p": 700_000_000},
    "grok-imagine-video-1.5": {"480p": 800_000_000, "720p": 1_400_000_000, "1080p": 2_500_000_000},
    "grok-imagine-video-1.5-lite": {"480p": 200_000_000, "720p": 300_000_000, "1080p": 1_400_000_000},
}
TICKS_PER_IMAGE = {"grok-imagine-video": 20_000_000}
TICKS_PER_IMAGE_LATER = 100_000_000
EDITOR = "grok-imagine-video"

TEXT = {"type": "string", "minLength": 1}
ASSET = {
    "type": "object",
    "properties": {"url": TEXT, "file_id": TEXT},
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
}
COMMON = {
    "model": TEXT,
    "prompt": TEXT,
    "storage_options": {"type": "object"},
    "output": {"type": "object", "required": ["upload_url"]},
    "user": TEXT,
}
GENERATION = Draft202012Validator(
    {
        "type": "object",
        "required": ["model", "prompt"],
        "additionalProperties": False,
        "properties": COMMON
        | {
            "duration": {"type": "integer", "minimum": 1, "maximum": 15},
            "aspect_ratio": {"enum": ["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3"]},
            "resolution": {"enum": ["480p", "720p", "1080p"]},
            "image": ASSET,
            "reference_images": {"type": "array", "items": ASSET, "maxItems": 7},
            "reference_audios": {"type": "array", "maxItems": 3},
            "generate_audio": {"type": "boolean"},
        },
    }
)
EDIT = Draft202012Validator(
    {
        "type": "object",
        "required": ["model", "prompt", "video"],
        "additionalProperties": False,
        "properties": COMMON | {"video": ASSET},
    }
)


@dataclass(frozen=True)
class Order:
    """A create that is accepted."""

    model: str
    scene: Scene
    image: bytes | None  # that the clip is to open with
    ticks: int  # that it will cost


def refusal(status: int, error: str, code: str = "invalid-argument") -> Refusal:
    """A refusal in xAI's words: `error` is text, with `code` beside it."""
    return Refusal(status, {"code": code, "error": error})


def check_generation(body: Mapping[str, Any]) -> Order:
    """Body -> what is to be made. Raises Refusal."""
    _check(GENERATION, body)
    model, resolution = body["model"], body.get("resolution", RESOLUTION)
    prices = _prices(model)
    if resolution not in prices:
        raise refusal(400, f"resolution: {model} makes {', '.join(prices)}.")
    width, height = pixels(body.get("aspect_ratio", ASPECT), resolution)
    seconds = int(body.get("duration", DURATION))
    ticks = seconds * prices[resolution]
    images = ("image" in body) + len(body.get("reference_images", []))
    ticks += images * TICKS_PER_IMAGE.get(model, TICKS_PER_IMAGE_LATER)
    scene = Scene(body["prompt"], width, height, seconds, body.get("generate_audio", True))
    return Order(model, scene, _image(body.get("image", {}).get("url", "")), ticks)


def check_edit(body: Mapping[str, Any], scene_at: Callable[[str], Scene | None]) -> Order:
    """Body -> what is to be made. `scene_at` tells what a URL shows, if it is known here. Raises Refusal."""
    _check(EDIT, body)
    model = body["model"]
    prices = _prices(model)
    if model != EDITOR:
        raise refusal(400, f"model: {model} does not edit videos.")
    url = body["video"].get("url", "")
    if not url.startswith(("https://", "http://", "data:video/")):  # plain http is a liberty of the emulator
        raise refusal(400, "video: expected a URL with https.")
    source = scene_at(url) or Scene("", *pixels(ASPECT, RESOLUTION), seconds=5, audio=True)
    if source.seconds > LONGEST_SOURCE:
        raise refusal(400, f"video: the source is longer than {LONGEST_SOURCE} s.")
    tier = "480p" if min(source.width, source.height) <= 480 else "720p"
    return Order(model, replace(source, prompt=body["prompt"]), None, source.seconds * prices[tier])


def pixels(aspect: str, resolution: str) -> tuple[int, int]:
    """aspect "3:4", resolution "720p" -> (720, 960)"""
    across, down = map(int, aspect.split(":"))
    short = int(resolution.removesuffix("p"))
    long = WIDE[resolution] if {across, down} == {16, 9} else short * max(across, down) // min(across, down)
    return (long, short) if across > down else (short, long)


def _check(validator: Draft202012Validator, body: Mapping[str, Any]) -> None:
    """Raises Refusal for the first finding; 422 for a field that is missing."""
    for error in validator.iter_errors(body):
        where = ".".join(map(str, error.instance_path)) or "body"
        missing = isinstance(error.kind, ValidationErrorKind.Required)
        raise refusal(422 if missing else 400, f"{where}: {error.message}")


def _prices(model: str) -> Mapping[str, int]:
    if model not in TICKS:
        raise refusal(404, f"The model {model} does not exist or your team does not have access to it.", "not-found")
    return TICKS[model]


def _image(url: str) -> bytes | None:
    """The bytes in a data URL, None for anything that would have to be fetched. Raises Refusal."""
    if not url.startswith("data:"):
        return None
    try:
        content = images.from_data_url(url)[1]
        images.pixels(content)
    except images.Unreadable as error:
        raise refusal(400, f"image: {error}.") from error
    return content
