"""What a model cannot honour is refused here, by name and with what it can, before anything is spent."""

from __future__ import annotations

from pydantic import MISSING

from generated.models import SecondsText, VideoGenerationRequest

from ..errors import InvalidRequest
from ..providers.catalog import Capabilities, Input


def material(request: VideoGenerationRequest) -> Input:
    """What the video is to be made from."""
    if request.video_uri is not MISSING:
        return "video"
    return "image" if request.input_reference is not MISSING else "text"


NEEDS = {"text": "a prompt alone", "image": "input_reference", "video": "video_uri"}
FIELD = {"text": "input_reference", "image": "input_reference", "video": "video_uri"}


def check(request: VideoGenerationRequest, model: str, can: Capabilities) -> None:
    """Raises InvalidRequest for the first parameter that the model cannot honour. `model` is named in the message."""
    made_from = material(request)
    if made_from not in can.inputs:
        ways = " or ".join(NEEDS[kind] for kind in sorted(can.inputs))
        raise _refusal(FIELD[made_from], f"{model} does not make a video from {NEEDS[made_from]}; it takes {ways}.")
    if request.seconds is not MISSING and can.seconds is not None:
        seconds = str(request.seconds.root)
        if seconds not in can.seconds:
            raise _refusal("seconds", f"{model} does not make {seconds} s; it makes {', '.join(can.seconds)} s.")
    sizes = can.sizes_for(made_from)
    if request.size is not MISSING and sizes is not None and request.size not in sizes:
        raise _refusal("size", f"{model} does not make {request.size}; it makes {', '.join(sizes)}.")
    for name, taken in (("audio", can.audio), ("seed", can.seed), ("negative_prompt", can.negative_prompt)):
        if getattr(request, name) is not MISSING and not taken:
            raise _refusal(name, f"{model} does not take {name}; leave it out.")
    if can.prompt_characters is not None:
        length = len(request.prompt.encode("utf-16-le", "surrogatepass")) // 2
        if length > can.prompt_characters:
            raise _refusal("prompt", f"{model} takes {can.prompt_characters} characters of prompt; these are {length}.")


def with_defaults(request: VideoGenerationRequest, can: Capabilities) -> VideoGenerationRequest:
    """The request with the length and size that the catalogue gives a model which demands them."""
    missing: dict[str, object] = {}
    if request.seconds is MISSING and can.default_seconds is not None:
        missing["seconds"] = SecondsText(can.default_seconds)
    if request.size is MISSING and can.default_size is not None:
        missing["size"] = can.default_size
    return request.model_copy(update=missing) if missing else request


def _refusal(param: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, code="unsupported_parameter", param=param)
