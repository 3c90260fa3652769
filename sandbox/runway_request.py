"""What Runway accepts, per operation and model, and the findings with which it refuses the rest.

Source: upstreams/runway.yaml and the sources named there. Runway holds a body against one closed object per
model and reports what its validator (zod 4) finds as `issues`. The fields are those that
upstreams/runway.yaml describes; more models exist than are emulated. Two liberties: nothing is fetched, so a
remote image or video is taken on trust, and `videoUri` may be plain http, because the emulator's own outputs
are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sandbox.runway_checks import (
    UNDEFINED,
    Check,
    Issue,
    boolean,
    image,
    invalid_type,
    moderation,
    one_of,
    text,
    video,
    whole,
)
from sandbox.wire import Refusal

DOCS = "https://docs.dev.runwayml.com/api"
LANDSCAPE, PORTRAIT = "1280:720", "720:1280"  # pixels
FULL_HD = (LANDSCAPE, PORTRAIT, "1920:1080", "1080:1920")
IMAGE_RATIOS = (LANDSCAPE, PORTRAIT, "1104:832", "832:1104", "960:960", "1584:672")

PROMPT = text(1000)
SEED = whole(0, 4_294_967_295)
GEN4_DURATION = whole(2, 10)  # seconds
VEO_DURATION = one_of(4, 6, 8)  # seconds
GEN4 = {"promptText": PROMPT, "duration": GEN4_DURATION, "seed": SEED, "contentModeration": moderation}
VEO = {
    "promptText": PROMPT,
    "ratio": one_of(*FULL_HD),
    "duration": VEO_DURATION,
    "seed": SEED,
    "audio": boolean,
    "negativePrompt": PROMPT,
}


@dataclass(frozen=True)
class Model:
    """A model under one operation."""

    fields: Mapping[str, Check]  # besides `model`; any other is refused
    required: tuple[str, ...]
    credits: tuple[int, int]  # per second of output: silent, with sound
    seconds: int = 0  # of output where no duration is given, which is UNCONFIRMED; 0 if one is required
    least: int = 0  # credits that any output costs


GEN45_TEXT = Model(GEN4 | {"ratio": one_of(LANDSCAPE, PORTRAIT)}, ("promptText", "ratio", "duration"), (12, 12))
GEN45_IMAGE = Model(
    GEN4 | {"ratio": one_of(*IMAGE_RATIOS), "promptImage": image("first")},
    ("promptText", "promptImage", "ratio", "duration"),
    (12, 12),
)
GEN4_TURBO = Model(GEN45_IMAGE.fields, ("promptImage", "ratio"), (5, 5), seconds=10)
VEO_TEXT = partial(Model, VEO, ("promptText", "ratio"), seconds=8)
VEO_IMAGE = partial(Model, VEO | {"promptImage": image("first", "last")}, ("promptImage", "ratio"), seconds=8)
ALEPH2 = Model(  # the output is as long as the source, which is not fetched: 5 s are assumed
    {
        "videoUri": video,
        "promptText": PROMPT,
        "ratio": one_of(*IMAGE_RATIOS, *FULL_HD[2:]),
        "seed": SEED,
        "contentModeration": moderation,
    },
    ("videoUri",),
    (28, 28),
    seconds=5,
    least=56,
)
MODELS: dict[str, dict[str, Model]] = {
    "text_to_video": {"gen4.5": GEN45_TEXT, "veo3.1": VEO_TEXT((20, 40)), "veo3.1_fast": VEO_TEXT((10, 15))},
    "image_to_video": {
        "gen4.5": GEN45_IMAGE,
        "gen4_turbo": GEN4_TURBO,
        "veo3.1": VEO_IMAGE((20, 40)),
        "veo3.1_fast": VEO_IMAGE((10, 15)),
    },
    "video_to_video": {"aleph2": ALEPH2},
}


@dataclass(frozen=True)
class Order:
    """A create that is accepted."""

    model: str
    prompt: str
    ratio: str  # "width:height" in pixels
    seconds: int
    seed: int
    audio: bool
    credits: int  # that it will cost


def refusal(status: int, error: str, issues: list[Issue] | None = None) -> Refusal:
    """A refusal in Runway's words: `error` is text, and issues come with the address of the documentation."""
    return Refusal(status, {"error": error} | ({"issues": issues, "docUrl": DOCS} if issues else {}))


def check(operation: str, body: Mapping[str, Any]) -> Order:
    """Body -> what is to be made. Raises Refusal with every finding."""
    model = MODELS[operation].get(name) if isinstance(name := body.get("model"), str) else None
    if model is None:
        raise refusal(400, "Validation of body failed", [_no_model(operation, body)])
    if issues := findings(model, body):
        raise refusal(400, "Validation of body failed", issues)
    seconds, audio = int(body.get("duration", model.seconds)), bool(body.get("audio", False))
    return Order(
        model=body["model"],
        prompt=body.get("promptText", ""),
        ratio=body.get("ratio", LANDSCAPE),
        seconds=seconds,
        seed=int(body.get("seed", 0)),
        audio=audio,
        credits=max(model.least, seconds * model.credits[audio]),
    )


def findings(model: Model, body: Mapping[str, Any]) -> list[Issue]:
    """All that is wrong with a body for this model, in the order of its fields; unknown fields last."""
    issues = []
    for name, examine in model.fields.items():
        value = body.get(name, UNDEFINED)
        if value is UNDEFINED and name not in model.required:
            continue
        if issue := examine(value):
            issues.append(issue | {"path": [name, *issue.get("path", [])]})
    unknown = [key for key in body if key != "model" and key not in model.fields]
    if unknown:
        named = ", ".join(f'"{key}"' for key in unknown)
        words = f"Unrecognized key{'s' * (len(unknown) > 1)}: {named}"
        issues.append({"code": "unrecognized_keys", "keys": unknown, "path": [], "message": words})
    return issues


def _no_model(operation: str, body: Mapping[str, Any]) -> Issue:
    if "model" not in body:
        return invalid_type("string", UNDEFINED) | {"path": ["model"]}
    return {
        "code": "invalid_union",
        "errors": [],
        "note": "No matching discriminator",
        "discriminator": "model",
        "path": ["model"],
        "message": f"Invalid input: {operation} knows {', '.join(MODELS[operation])} here",
    }
