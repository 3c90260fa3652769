"""What Veo accepts and how its operations look, on Vertex AI and, until it was switched off there, on the Gemini API.

Source: upstreams/vertex.yaml, upstreams/gemini.yaml. The two differ in what a medium is and in some parameters, which a
`Dialect` holds. Where the sources are silent, the emulator decides: there is sound unless `generateAudio` is false; a
continuation lasts 7 s and shows nothing of its source, which is not fetched; several samples are the same clip.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox import images
from sandbox.google import FRAMES, wrong_field
from sandbox.scene import Scene
from sandbox.store import Task
from sandbox.timeline import Standing

LENGTHS = (4, 6, 8)  # seconds
CONTINUATION = 7  # seconds
IMAGE_TYPES = ("image/jpeg", "image/png")
INSTANCE = frozenset({"prompt", "image", "lastFrame", "referenceImages", "video"})
WITHHELD = {  # what a response has in place of videos
    "raiMediaFilteredCount": 1,
    "raiMediaFilteredReasons": [
        "Veo could not generate 1 videos based on the prompt provided. You will not be charged for this request. Try "
        "rephrasing the prompt. Support codes: 42237218"
    ],
}
SENSITIVE = (
    "The prompt could not be submitted. This prompt contains sensitive words that violate Google's Responsible AI practices. "
    "Try rephrasing your prompt. Support codes: 58061214"
)
FAILURES = {  # by directive: the error of an operation, of a google.rpc.Code; the first that is in force
    "refuse": {"code": 3, "message": SENSITIVE},
    "fail": {"code": 13, "message": "Video generation failed due to an internal error."},
}

Check = Callable[[object], bool]


def one_of(*values: object) -> Check:
    return lambda value: not isinstance(value, bool) and value in values


def whole(least: int, most: int) -> Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def text(pattern: str = r"(?s).*") -> Check:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def boolean(value: object) -> bool:
    return isinstance(value, bool)


PARAMETERS: dict[str, Check] = {
    "sampleCount": whole(1, 4),
    "aspectRatio": one_of("16:9", "9:16"),
    "durationSeconds": one_of(*LENGTHS),
    "resolution": one_of("720p", "1080p", "4k"),
    "personGeneration": one_of("dont_allow", "disallow", "allow_adult", "allow_all"),
    "negativePrompt": text(),
    "enhancePrompt": boolean,
}


@dataclass(frozen=True)
class Dialect:
    """What one of the two APIs has of its own."""

    parameters: Mapping[str, Check]
    instance: frozenset[str]  # fields of it
    beside: frozenset[str]  # besides `instances` and `parameters`
    sources: Mapping[str, Check]  # of an image or a video: the field that holds or names it -> what it may be
    video_sources: Mapping[str, Check]
    types_videos: bool  # whether a video comes with its media type


@dataclass(frozen=True)
class Order:
    """A create that is accepted."""

    prompt: str
    scene: Scene
    image: bytes | None  # of the first frame, if it was sent
    samples: int
    storage: str | None  # "gs://bucket/prefix/"


def prompt_of(body: Mapping[str, Any]) -> str:
    """The prompt of a body that has not been checked yet."""
    instances = body.get("instances")
    instance = instances[0] if isinstance(instances, list) and instances else None
    prompt = instance.get("prompt") if isinstance(instance, dict) else None
    return prompt if isinstance(prompt, str) else ""


def check(body: Mapping[str, Any], dialect: Dialect, *, references: bool = True) -> Order:
    """Body -> what is to be made. `references`: whether the model takes reference images. Raises Refusal."""
    _refuse_unknown(body, {"instances", "parameters"} | dialect.beside, "")
    instances, parameters = body.get("instances"), body.get("parameters", {})
    if not isinstance(instances, list) or len(instances) != 1 or not isinstance(instances[0], dict):
        raise wrong_field("instances", "Exactly one instance is needed.")
    if not isinstance(parameters, dict):
        raise wrong_field("parameters", "Expected an object.")
    instance = instances[0]
    _refuse_unknown(instance, dialect.instance, "instances")
    _refuse_unknown(parameters, dialect.parameters.keys(), "parameters")
    for name, value in parameters.items():
        if not dialect.parameters[name](value):
            raise wrong_field(f"parameters.{name}", f"The value of {name} is not supported: {value!r}.")
    image = _media(instance, "image", dialect)
    _media(instance, "lastFrame", dialect)
    video = _video(instance, dialect)
    if "lastFrame" in instance and "image" not in instance:
        raise wrong_field("instances.lastFrame", "lastFrame needs image.")
    if "referenceImages" in instance and not references:
        raise wrong_field("instances.referenceImages", "The model takes no reference images.")
    if not isinstance(instance.get("prompt", ""), str) or not (instance.get("prompt") or "image" in instance):
        raise wrong_field("instances.prompt", "A prompt is needed.")
    return Order(
        prompt=instance.get("prompt", ""),
        scene=_scene(instance, parameters, continues=video),
        image=image,
        samples=parameters.get("sampleCount", 1),
        storage=parameters.get("storageUri"),
    )


def operation(name: str, task: Task, standing: Standing, response: Mapping[str, Any]) -> dict[str, Any]:
    """The operation; `response` is for one that ends without an error, with videos or with WITHHELD."""
    if standing.ended_at is None:
        return {"name": name}
    error = next((FAILURES[directive] for directive in FAILURES if directive in task.plan), None)
    if error is not None:
        return {"name": name, "done": True, "error": error}
    return {"name": name, "done": True, "response": dict(response)}


def _scene(instance: Mapping[str, Any], parameters: Mapping[str, Any], *, continues: bool) -> Scene:
    resolution = parameters.get("resolution", "720p")
    seconds = parameters.get("durationSeconds", 8)
    eight = resolution != "720p" or "referenceImages" in instance or continues
    if eight and seconds != 8:
        raise wrong_field(
            "parameters.durationSeconds", f"durationSeconds must be 8 here: {resolution}, or with that material."
        )
    if continues and resolution != "720p":
        raise wrong_field("parameters.resolution", "A video is continued in 720p.")
    width, height = FRAMES[parameters.get("aspectRatio", "16:9"), resolution]
    audio = parameters.get("generateAudio", True)
    length = CONTINUATION if continues else seconds
    return Scene(instance.get("prompt", ""), width, height, length, audio, parameters.get("seed", 0))


def _media(instance: Mapping[str, Any], name: str, dialect: Dialect) -> bytes | None:
    """The bytes of an image, None if there is none or it is in Cloud Storage. Raises Refusal."""
    media = instance.get(name)
    if media is None:
        return None
    where = f"instances.{name}"
    source = _source(media, dialect.sources, where, {"mimeType"})
    if media.get("mimeType") not in IMAGE_TYPES:
        raise wrong_field(f"{where}.mimeType", f"Unsupported media type: {media.get('mimeType')!r}.")
    if source != "bytesBase64Encoded":
        return None
    try:
        content = base64.b64decode(media[source], validate=True)
        images.pixels(content)
    except (binascii.Error, images.Unreadable) as error:
        raise wrong_field(f"{where}.{source}", f"The image cannot be read: {error}.") from error
    return content


def _video(instance: Mapping[str, Any], dialect: Dialect) -> bool:
    """Whether there is a video to go on from. Raises Refusal."""
    media = instance.get("video")
    if media is None:
        return False
    _source(media, dialect.video_sources, "instances.video", {"mimeType"} if dialect.types_videos else set())
    return True


def _source(media: object, sources: Mapping[str, Check], where: str, more: set[str]) -> str:
    """The name of the one field that says where a medium is. Raises Refusal."""
    if not isinstance(media, dict):
        raise wrong_field(where, "Expected an object.")
    _refuse_unknown(media, sources.keys() | more, where)
    found = [name for name in sources if name in media]
    if len(found) != 1 or media.keys() & more != more or not sources[found[0]](media[found[0]]):
        raise wrong_field(where, f"Expected {' or '.join(sources)}{' with mimeType' if more else ''}.")
    return found[0]


def _refuse_unknown(given: Mapping[str, Any], known: "frozenset[str] | set[str] | Any", where: str) -> None:
    for name in given:
        if name not in known:
            place = f" at '{where}'" if where else ""
            raise wrong_field(
                where or name, f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.'
            )
