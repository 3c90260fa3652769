"""What Omni accepts as an interaction, and the words in which the rest is refused.

Source: upstreams/gemini.yaml and the sources named there; the wording is ours. Where the sources are silent, the emulator
decides: a task that does not fit the material is refused, as is an unknown field; a remote image or video is taken on trust.
"""

import base64
import binascii
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox import images
from sandbox.google import FRAMES, refusal
from sandbox.scene import Scene
from sandbox.wire import Refusal

LENGTHS = {
    "gemini-omni-1.1-flash": (3, 10),
    "gemini-omni-1.2-flash": (3, 15),
}  # model -> seconds, the least and the most
DEFAULT_SECONDS = 10
DURATION = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?)s")
FIELDS = (
    *("model", "input", "response_format", "generation_config"),
    *("previous_interaction_id", "background", "store"),
)
PART = {"text": {"text"}, "image": {"data", "mime_type", "uri"}, "video": {"data", "mime_type", "uri"}}
FORMAT = {
    "type": ("video",),
    "aspect_ratio": ("16:9", "9:16"),
    "resolution": ("360p", "720p", "1080p", "4k"),
    "delivery": ("inline", "uri"),
}
TASKS = {  # -> the material that it is for; what is made from a previous interaction has its video
    "text_to_video": set[str](),
    "image_to_video": {"image"},
    "reference_to_video": {"image"},
    "edit": {"video"},
    "extend": {"video"},
    "upscale": {"video"},
}

Shape = tuple[int, int, int]
"""Width and height in pixels, seconds."""


@dataclass(frozen=True)
class Order:
    """A create that is accepted."""

    model: str
    prompt: str
    scene: Scene
    image: bytes | None  # that the clip opens with, if it was sent
    delivery: str
    background: bool


def wrong(message: str) -> Refusal:
    """A refusal by the Interactions API itself, whose codes are words."""
    return Refusal(400, {"error": {"message": message, "code": "invalid_request"}})


def prompt_of(body: Mapping[str, Any]) -> str:
    """The prompt of a body that has not been checked yet."""
    parts = body.get("input")
    if isinstance(parts, str):
        return parts
    found = [part for part in _flat(parts) if isinstance(part, dict)] if isinstance(parts, list) else []
    return " ".join(part["text"] for part in found if isinstance(part.get("text"), str))


def check(body: Mapping[str, Any], previous: Shape | None) -> Order:
    """Body -> what is to be made. `previous` is of the video that it goes on from. Raises Refusal."""
    _refuse_unknown(body, FIELDS)
    model = body.get("model")
    if model not in LENGTHS:
        raise refusal(404, f"models/{model} is not found, or is not supported for interactions.")
    parts = _parts(body.get("input"))
    image = next((_image(part) for part in parts if part["type"] == "image"), None)
    material = {part["type"] for part in parts} - {"text"} | ({"video"} if previous else set())
    _check_task(body.get("generation_config", {}), material)
    wanted = body.get("response_format", {"type": "video"})
    _check_format(wanted)
    background, store = _flag(body, "background", False), _flag(body, "store", True)
    if background and not store:
        raise wrong("An interaction in the background has to be stored.")
    prompt = prompt_of(body)
    if not prompt:
        raise wrong("Input has no text.")
    return Order(
        model=str(model),
        prompt=prompt,
        scene=_scene(prompt, wanted, previous, LENGTHS[str(model)]),
        image=image,
        delivery=wanted.get("delivery", "inline"),
        background=background,
    )


def _scene(prompt: str, wanted: Mapping[str, Any], previous: Shape | None, lengths: tuple[int, int]) -> Scene:
    """What is not said is as before, or as usual."""
    width, height, seconds = previous or (*FRAMES["16:9", "720p"], DEFAULT_SECONDS)
    if "aspect_ratio" in wanted or "resolution" in wanted:
        width, height = FRAMES[wanted.get("aspect_ratio", "16:9"), wanted.get("resolution", "720p")]
    if "duration" in wanted:
        match = DURATION.fullmatch(str(wanted["duration"]))
        if match is None:
            raise wrong(f"Invalid duration: {wanted['duration']!r}; expected seconds with an 's', such as '8s'.")
        least, most = lengths
        if not least <= float(match[1]) <= most:
            raise wrong(f"duration must be between {least} and {most} seconds.")
        seconds = math.ceil(float(match[1]))
    return Scene(prompt, width, height, seconds, audio=True)


def _parts(given: object) -> list[dict[str, Any]]:
    """The parts of an input in any of its forms. Raises Refusal."""
    if isinstance(given, str):
        return [{"type": "text", "text": given}]
    if isinstance(given, dict):
        given = [given]
    if not isinstance(given, list) or not given:
        raise wrong("Missing required parameter: 'input'.")
    parts = _flat(given)
    for part in parts:
        if not isinstance(part, dict) or part.get("type") not in PART:
            raise wrong("Input has a part of an unknown type.")
        _refuse_unknown(part, PART[part["type"]] | {"type"})
        if not all(isinstance(value, str) for value in part.values()):
            raise wrong("The fields of a part are text.")
        if part["type"] != "text" and ("uri" in part) == ("data" in part):
            raise wrong(f"A part of type {part['type']} has either 'data' or 'uri'.")
    return parts


def _flat(parts: list[Any]) -> list[Any]:
    """Parts, also those in `user_input` steps."""
    flat = []
    for part in parts:
        is_step = isinstance(part, dict) and part.get("type") == "user_input"
        inner = part.get("content") if is_step else None
        flat += inner if isinstance(inner, list) else [part]
    return flat


def _image(part: Mapping[str, str]) -> bytes | None:
    if "data" not in part:
        return None
    try:
        content = base64.b64decode(part["data"], validate=True)
        images.pixels(content)
    except (binascii.Error, images.Unreadable) as error:
        raise wrong(f"Unable to process input image: {error}.") from error
    return content


def _check_task(config: object, material: set[str]) -> None:
    if not isinstance(config, dict) or not isinstance(video := config.get("video_config", {}), dict):
        raise wrong("Invalid generation_config.")
    _refuse_unknown(config, ("video_config",))
    _refuse_unknown(video, ("task",))
    task = video.get("task")
    if task is None:
        return
    if task not in TASKS:
        raise wrong(f"Invalid task: {task!r}; expected one of {', '.join(TASKS)}.")
    if not material >= TASKS[task] or (not TASKS[task] and material):
        raise wrong(f"The input does not fit the task {task}.")


def _check_format(wanted: object) -> None:
    if not isinstance(wanted, dict):
        raise wrong("Invalid response_format: expected an object.")
    _refuse_unknown(wanted, (*FORMAT, "duration"))
    for name, values in FORMAT.items():
        if name in wanted and wanted[name] not in values:
            raise wrong(f"Invalid {name}: {wanted[name]!r}; expected one of {', '.join(values)}.")


def _flag(body: Mapping[str, Any], name: str, default: bool) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise wrong(f"Invalid {name}: expected a boolean.")
    return value


def _refuse_unknown(given: Mapping[str, Any], known: "tuple[str, ...] | set[str]") -> None:
    for name in given:
        if name not in known:
            raise wrong(f"Unknown parameter '{name}'.")
