"""What OpenRouter's video API accepts, and the words in which it refuses the rest.

Source: upstreams/openrouter.yaml. The models, what they can do and what they cost are the emulator's own; so is the wording.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sandbox import images
from sandbox.wire import Refusal


@dataclass(frozen=True)
class Model:
    """What a model can do; the first length and size are its defaults."""

    name: str
    supported_durations: tuple[int, ...]  # seconds
    supported_sizes: tuple[str, ...]  # pixels
    supported_frame_images: tuple[str, ...]
    usd_per_second: float
    continues: bool  # whether it takes previous_job_id


SIZES = ("1280x720", "720x1280", "1920x1080", "1080x1920")
MODELS = {
    "google/veo-3.1": Model("Veo 3.1", (8, 6, 4), SIZES, ("first_frame", "last_frame"), 0.40, False),
    "bytedance/seedance-2.0": Model(
        "Seedance 2.0", (5, 4, 6, 7, 8, 9, 10), (*SIZES[:2], "960x960"), ("first_frame",), 0.14, True
    ),
}
TYPES: dict[str, tuple[type, str]] = {
    "prompt": (str, "string"),
    "duration": (int, "integer"),
    "size": (str, "string"),
    "seed": (int, "integer"),
    "generate_audio": (bool, "boolean"),
    "frame_images": (list, "array"),
    "input_references": (list, "array"),
    "previous_job_id": (str, "string"),
}


@dataclass(frozen=True)
class Order:
    """A create that is accepted."""

    model: str
    prompt: str
    seconds: int
    size: str
    audio: bool
    seed: int
    image: bytes | None
    previous_job_id: str | None


def refusal(status: int, message: str, metadata: Mapping[str, Any] | None = None) -> Refusal:
    """A refusal in OpenRouter's envelope."""
    error = {"code": status, "message": message} | ({"metadata": dict(metadata)} if metadata else {})
    return Refusal(status, {"error": error, "user_id": "user_sandbox"})


def check(body: Mapping[str, Any]) -> Order:
    """Body -> what is to be made. Raises Refusal."""
    named = body.get("model")
    if not isinstance(named, str):
        raise refusal(400, "model: expected string")
    if named not in MODELS:
        raise refusal(404, f"Model {named} not found")
    for name, (kind, word) in TYPES.items():
        value = body.get(name)
        if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise refusal(400, f"{name}: expected {word}")
    if not body.get("prompt"):
        raise refusal(400, "prompt: required by this model")
    model = MODELS[named]
    for reference in body.get("input_references", []):
        _link(reference, "input_references")
    return Order(
        model=named,
        prompt=body["prompt"],
        seconds=_supported(body, "duration", model.supported_durations),
        size=_supported(body, "size", model.supported_sizes),
        audio=body.get("generate_audio", False),
        seed=body.get("seed", 0),
        image=_first_frame(body.get("frame_images", []), model),
        previous_job_id=body.get("previous_job_id"),
    )


def continued(order: Order, source: Mapping[str, Any]) -> Order:
    """The order with the length and size of its source. Raises Refusal."""
    if not MODELS[order.model].continues:
        raise refusal(400, f"{order.model} does not support previous_job_id")
    if order.model != source["model"]:
        raise refusal(400, "previous_job_id: the job was made by another model")
    return replace(order, seconds=source["seconds"], size=source["size"])


def listing() -> list[dict[str, Any]]:
    """The catalogue, as anyone may read it."""
    unknown = dict.fromkeys(("supported_resolutions", "supported_aspect_ratios", "creativity", "upscale_factor"))
    return [
        {name: value for name, value in asdict(model).items() if name not in ("usd_per_second", "continues")}
        | unknown
        | {
            "id": model_id,
            "canonical_slug": model_id,
            "created": 1_774_224_000,
            "generate_audio": True,
            "seed": True,
            "allowed_passthrough_parameters": [],
            "pricing_skus": {"per-video-second": f"{model.usd_per_second:.2f}"},
        }
        for model_id, model in MODELS.items()
    ]


def _supported(body: Mapping[str, Any], name: str, values: tuple[Any, ...]) -> Any:
    value = body.get(name, values[0])
    if value not in values:
        raise refusal(
            400, f"{name}: {value} is not supported by this model; supported are {', '.join(map(str, values))}"
        )
    return value


def _first_frame(frames: list[Any], model: Model) -> bytes | None:
    """The image that the clip opens with; None if there is none or it is a link. Raises Refusal."""
    opening = None
    for frame in frames:
        url = _link(frame, "frame_images")
        if frame.get("frame_type") not in model.supported_frame_images:
            raise refusal(400, f"frame_images: frame_type must be one of {', '.join(model.supported_frame_images)}")
        content = _content(url)
        opening = content if frame["frame_type"] == "first_frame" else opening
    return opening


def _link(part: Any, name: str) -> str:
    """{"type": "image_url", "image_url": {"url": …}} -> the URL. Raises Refusal."""
    link = part.get(part.get("type")) if isinstance(part, dict) else None
    if not isinstance(link, dict) or not isinstance(link.get("url"), str):
        raise refusal(400, f"{name}: expected objects with a type and a url")
    return str(link["url"])


def _content(url: str) -> bytes | None:
    """The image of a data URL; None for a link, which is not fetched. Raises Refusal."""
    if url.startswith(("https://", "http://")):
        return None
    try:
        content = images.from_data_url(url)[1]
        images.pixels(content)
    except images.Unreadable as error:
        raise refusal(400, f"frame_images: {error}") from error
    return content
