"""What OpenAI's Videos API accepts, and the words in which it refuses the rest.

Source: upstreams/openai.yaml and the sources named there. The wording of refusals is modelled on answers that
were seen in public; programs must rely on status, `code` and `param` only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox import images
from sandbox.scene import dimensions
from sandbox.wire import Refusal

SIZES_720P = ("720x1280", "1280x720")  # pixels; the first is the default
SIZES_PRO = (*SIZES_720P, "1024x1792", "1792x1024", "1080x1920", "1920x1080")
SIZES = {  # by model; the first model is the default
    "sora-2": SIZES_720P,
    "sora-2-2025-10-06": SIZES_720P,
    "sora-2-2025-12-08": SIZES_720P,
    "sora-2-pro": SIZES_PRO,
    "sora-2-pro-2025-10-06": SIZES_PRO,
}
SECONDS = ("4", "8", "12", "16", "20")  # strings; the first is the default
PROMPT_CHARACTERS = 32_000
IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp")
DATA_URL_CHARACTERS = 20_971_520


@dataclass(frozen=True)
class Upload:
    """A file part of a form."""

    content: bytes
    media_type: str | None


TYPES: dict[type, str] = {
    Upload: "file",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}


@dataclass(frozen=True)
class Create:
    """A create that is accepted; `image` is what the clip opens with."""

    prompt: str
    model: str
    seconds: str
    size: str | None  # None where the server may choose
    image: bytes | None
    audio: bool = True
    seed: int = 0


def refusal(
    status: int,
    message: str,
    code: str | None = None,
    param: str | None = None,
    kind: str = "invalid_request_error",
) -> Refusal:
    """A refusal in OpenAI's envelope; `kind` is its `type`."""
    return Refusal(status, {"error": {"message": message, "type": kind, "param": param, "code": code}})


def check_create(
    fields: Mapping[str, Any],
    sizes: Mapping[str, tuple[str, ...]] = SIZES,
    lengths: tuple[str, ...] = SECONDS,
) -> Create:
    """Fields of the JSON or multipart form -> what is to be made, of these sizes by model. Raises Refusal."""
    _refuse_unknown(fields, {"prompt", "model", "seconds", "size", "input_reference"})
    prompt = check_prompt(fields)
    model = _one_of(fields, "model", tuple(sizes))
    seconds = _one_of(fields, "seconds", lengths)
    size = _one_of(fields, "size", sizes[model])
    image = _image(fields["input_reference"]) if fields.get("input_reference") is not None else None
    if image is not None and _pixels(image) != dimensions(size):
        raise refusal(400, "Inpaint image must match the requested width and height")
    return Create(prompt, model, seconds, size, image)


def check_remix(fields: Mapping[str, Any]) -> str:
    """Fields -> the new prompt. Raises Refusal."""
    _refuse_unknown(fields, {"prompt"})
    return check_prompt(fields)


def check_prompt(fields: Mapping[str, Any]) -> str:
    """The prompt of a create or a remix, 1 to 32 000 characters. Raises Refusal."""
    if "prompt" not in fields:
        raise refusal(400, "Missing required parameter: 'prompt'.", "missing_required_parameter", "prompt")
    prompt = fields["prompt"]
    if not isinstance(prompt, str):
        raise _wrong_type("prompt", "a string", prompt)
    if not prompt:
        raise refusal(400, "Invalid 'prompt': expected at least 1 character, got none.", "empty_string", "prompt")
    if len(prompt) > PROMPT_CHARACTERS:
        words = f"Invalid 'prompt': expected at most {PROMPT_CHARACTERS} characters, got {len(prompt)}."
        raise refusal(400, words, "string_above_max_length", "prompt")
    return prompt


def _refuse_unknown(fields: Mapping[str, Any], known: set[str]) -> None:
    for name in fields:
        if name not in known:
            raise refusal(400, f"Unknown parameter: '{name}'.", "unknown_parameter", name)


def _one_of(fields: Mapping[str, Any], name: str, values: tuple[str, ...]) -> str:
    """The value of an optional field that has the given values, the first by default. Raises Refusal."""
    value = fields.get(name, values[0])
    *most, last = (f"'{each}'" for each in values)
    listed = ", ".join(most)
    if not isinstance(value, str):
        raise _wrong_type(name, f"one of {listed}, or {last}", value)
    if value not in values:
        words = f"Invalid value: '{value}'. Supported values are: {listed}{',' * (len(most) > 1)} and {last}."
        raise refusal(400, words, "invalid_value", name)
    return value


def _wrong_type(name: str, expected: str, value: object) -> Refusal:
    got = TYPES[type(value)]
    article = "an" if got[0] in "aio" else "a"
    words = f"Invalid type for '{name}': expected {expected}, but got {article} {got} instead."
    return refusal(400, words, "invalid_type", name)


def _image(reference: object) -> bytes | None:
    """An input reference -> its bytes, None for a remote image, which is not fetched. Raises Refusal."""
    if isinstance(reference, Upload):
        _refuse_media_type(reference.media_type)
        return reference.content
    if isinstance(reference, str):
        raise _wrong_type("input_reference", "a file", reference)
    if not isinstance(reference, dict) or len(reference) != 1 or not reference.keys() <= {"image_url", "file_id"}:
        words = "Invalid 'input_reference': expected a file, or exactly one of 'image_url' and 'file_id'."
        raise refusal(400, words, "invalid_value", "input_reference")
    ((name, value),) = reference.items()
    if not isinstance(value, str):
        raise _wrong_type(f"input_reference.{name}", "a string", value)
    if name == "file_id":
        raise refusal(404, f"No such File object: {value}", param="input_reference.file_id")
    return _from_url(value)


def _from_url(url: str) -> bytes | None:
    if url.startswith(("https://", "http://")):
        return None
    where = "input_reference.image_url"
    if len(url) > DATA_URL_CHARACTERS:
        raise refusal(400, f"Invalid '{where}': the data URL is too long.", "string_above_max_length", where)
    try:
        media_type, content = images.from_data_url(url)
    except images.Unreadable as error:
        raise refusal(400, f"Invalid '{where}': {error}.", "invalid_value", where) from error
    _refuse_media_type(media_type)
    return content


def _refuse_media_type(media_type: str | None) -> None:
    if media_type not in IMAGE_TYPES:
        words = f"Invalid file 'input_reference': unsupported mimetype ('{media_type}'), not {IMAGE_TYPES}."
        raise refusal(400, words, "unsupported_file_mimetype", "input_reference")


def _pixels(image: bytes) -> tuple[int, int]:
    """Width and height. Raises Refusal for what is no image."""
    try:
        return images.pixels(image)
    except images.Unreadable as error:
        words = f"Invalid file 'input_reference': {error}."
        raise refusal(400, words, "invalid_image_file", "input_reference") from error
