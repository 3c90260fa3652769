"""What was typed -> the body of a request. What cannot be sent is refused here, as a wrong use of the command."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from generated.models import VideoGenerationRequest, VideoRemixRequest
from handlers.errors import InvalidRequest
from handlers.media.images import sniff

Body = TypeVar("Body", bound=BaseModel)

OPTION = {"input_reference": "image", "video_uri": "video", "fallbacks": "fallback"}
"""The contract's name of a field -> the option's, where that is not the same word."""


def video_request(prompt: str, options: Mapping[str, Any], extra: Sequence[str]) -> VideoGenerationRequest:
    """The request for a video. Options that are None or empty are left out."""
    given = {name: value for name, value in options.items() if value not in (None, [], {})}
    return _checked(VideoGenerationRequest, {**extras(extra), **given, "prompt": prompt})


def remix_request(prompt: str) -> VideoRemixRequest:
    return _checked(VideoRemixRequest, {"prompt": prompt})


def _checked(kind: type[Body], values: Mapping[str, Any]) -> Body:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        what = kind.model_fields[field].description or ""
        option = "PROMPT" if field == "prompt" else f"--{OPTION.get(field, field).replace('_', '-')}"
        raise typer.BadParameter(" ".join(what.split()), param_hint=option) from None


def extras(given: Sequence[str]) -> dict[str, Any]:
    """`["cfg_scale=0.5"]` -> `{"cfg_scale": 0.5}`."""
    found: dict[str, Any] = {}
    for pair in given:
        name, _, value = pair.partition("=")
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            example = f"--extra '{name}={json.dumps(value)}'"
            raise typer.BadParameter(f"The value must be JSON, for text {example}.", param_hint="--extra") from None
    return found


def pairs(given: Sequence[str]) -> dict[str, str]:
    """`["campaign=spring"]` -> `{"campaign": "spring"}`."""
    found = {name: value for name, separator, value in (pair.partition("=") for pair in given) if separator}
    if len(found) < len(given):
        raise typer.BadParameter("Each must be NAME=TEXT, with a name of its own.", param_hint="--metadata")
    return found


def first_frame(image: str) -> str:
    """A path or URL -> what `input_reference` takes: the URL, or the file's bytes as a data URL."""
    if image.startswith(("https://", "http://", "data:")):
        return image
    try:
        return sniff(Path(image).read_bytes()).data_url
    except OSError as error:
        raise typer.BadParameter(f"{image}: {error.strerror}.", param_hint="--image") from None
    except InvalidRequest as error:
        what = error.message.removeprefix("input_reference ")
        raise typer.BadParameter(f"{image} {what}", param_hint="--image") from None
