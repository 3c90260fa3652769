"""What a model cannot honour is refused here, by name and with what it can, before anything is spent."""

from __future__ import annotations

from pydantic import MISSING

from generated.models import SecondsText, VideoGenerationRequest

from ..errors import InvalidRequest
from ..media.images import FIELD as IMAGE
from ..media.images import Image
from ..providers.catalog import Capabilities, Input


def materials(request: VideoGenerationRequest) -> tuple[Input, ...]:
    """What the video is to be made from, at least one."""
    given: list[Input] = []
    if request.video_uri is not MISSING:
        given.append("video")
    if request.input_reference is not MISSING:
        given.append("image")
    return tuple(given) or ("text",)


NEEDS = {"text": "a prompt alone", "image": "input_reference", "video": "video_uri"}
FIELD = {"text": "input_reference", "image": "input_reference", "video": "video_uri"}


def check(request: VideoGenerationRequest, model: str, can: Capabilities) -> None:
    """Raises InvalidRequest for the first parameter that the model cannot honour. `model` is named in the message."""
    given = materials(request)
    for kind in given:
        if kind not in can.inputs:
            ways = " or ".join(NEEDS[each] for each in sorted(can.inputs))
            raise _refusal(FIELD[kind], f"{model} does not make a video from {NEEDS[kind]}; it takes {ways}.")
    if request.seconds is not MISSING and can.seconds is not None:
        seconds = str(request.seconds.root)
        if seconds not in can.seconds:
            raise _refusal("seconds", f"{model} does not make {seconds} s; it makes {', '.join(can.seconds)} s.")
    sizes = can.sizes_for(given[0])
    if request.size is not MISSING and sizes is not None and request.size not in sizes:
        raise _refusal("size", f"{model} does not make {request.size}; it makes {', '.join(sizes)}.")
    for name, taken in (("audio", can.audio), ("seed", can.seed), ("negative_prompt", can.negative_prompt)):
        if getattr(request, name) is not MISSING and not taken:
            raise _refusal(name, f"{model} does not take {name}; leave it out.")
    if request.seed is not MISSING and can.seed_most is not None and request.seed > can.seed_most:
        raise _refusal("seed", f"{model} takes a seed of at most {can.seed_most}.")
    if can.prompt_characters is not None:
        length = len(request.prompt.encode("utf-16-le", "surrogatepass")) // 2
        if length > can.prompt_characters:
            raise _refusal("prompt", f"{model} takes {can.prompt_characters} characters of prompt; these are {length}.")


def check_image(image: Image, request: VideoGenerationRequest, model: str, can: Capabilities) -> None:
    """Raises InvalidRequest if the model does not take this image. `request` has the defaults of the model."""
    limits, length = can.image, len(image.content)
    if limits.bytes is not None and length > limits.bytes:
        raise _refusal(IMAGE, f"{model} takes images of at most {limits.bytes} bytes; this one has {length}.")
    characters = len(f"data:{image.media_type};base64,") + (length + 2) // 3 * 4
    if limits.data_url_characters is not None and characters > limits.data_url_characters:
        raise _refusal(
            IMAGE,
            f"{model} takes images of at most {limits.data_url_characters} characters as a data URL; this one has "
            f"{characters}. A URL that it can fetch may lead to a larger one.",
        )
    if limits.size_of_video and request.size is not MISSING and image.size is not None:
        size = "x".join(map(str, image.size))
        if size != request.size:
            raise _refusal(
                IMAGE,
                f"{model} takes images of the size of the video only, {request.size}; this one is {size}. "
                "Have it cropped or padded with input_fit.",
            )


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
