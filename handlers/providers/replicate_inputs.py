"""What a model on Replicate takes, and a request of ours in its words. Pure.

Every model names its inputs itself. They are read from the OpenAPI document that comes with each of its versions, and known
by the names below. What a model has no input for is refused here, by our name and with what the model does take, before
anything is created.
Source: upstreams/replicate.yaml (`openapi_schema`); the names are those of public video models, 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import gcd
from typing import Any

from ..errors import InvalidRequest

NAMES: Mapping[str, tuple[str, ...]] = {
    "prompt": ("prompt",),
    "input_reference": ("start_image", "first_frame_image", "first_frame", "input_image", "input_reference", "image"),
    "video_uri": ("video", "input_video", "src_video", "video_url"),
    "seconds": ("duration", "seconds"),
    "negative_prompt": ("negative_prompt",),
    "seed": ("seed",),
    "audio": ("generate_audio",),
}
"""Our field -> what models call it. The first that a model has is used: one with `start_image` may keep an outdated `image`."""

SIZE = ("size", "resolution", "aspect_ratio", "width", "height")
OURS = {name: ours for ours, names in NAMES.items() for name in names} | dict.fromkeys(SIZE, "size")
"""A model's name of an input -> our field, for errors."""

ASPECT = re.compile(r"([1-9][0-9]*):([1-9][0-9]*)")
SAME_ASPECT = 0.03  # relative: encoders round the sides of a picture to whole blocks, 832x480 passes for 16:9


@dataclass(frozen=True, slots=True)
class Input:
    kind: str | None = None  # JSON type
    choices: tuple[Any, ...] | None = None  # all that it can be, where that is said


@dataclass(frozen=True, slots=True)
class Inputs:
    known: Mapping[str, Input]
    complete: bool = True  # whether the model has no others


UNSEEN = Inputs(
    {name: Input() for name in ("prompt", "image", "duration", "negative_prompt", "seed")},
    complete=False,
)
"""Taken for the inputs of a model whose document cannot be read: what Bifrost sends to any model."""


def inputs_of(document: object) -> Inputs:
    """The OpenAPI document of a version -> its inputs."""
    schemas = _object(_object(_object(document).get("components")).get("schemas"))
    properties = _object(_object(schemas.get("Input")).get("properties"))
    if not properties:
        return UNSEEN
    return Inputs({name: _input(_object(schema), schemas) for name, schema in properties.items()})


def place(ours: str, inputs: Inputs) -> str | None:
    """What the model calls a field of ours, if it has it."""
    return next((name for name in NAMES[ours] if name in inputs.known), None)


def fill(model: str, inputs: Inputs, wanted: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Values by our names, and others by the model's -> the input of a prediction. Ours win.

    Raises InvalidRequest for the first that the model has no input for; `model` is named in the message.
    """
    for name in extra:
        if inputs.complete and name not in inputs.known:
            raise _refusal(model, name, inputs)
    filled = dict(extra)
    for ours, value in wanted.items():
        fitted = _size(value, inputs.known) if ours == "size" else _named(ours, value, inputs)
        if fitted is None:
            raise _refusal(model, ours, inputs)
        filled |= fitted
    return filled


def _named(ours: str, value: object, inputs: Inputs) -> dict[str, Any] | None:
    name = place(ours, inputs)
    fitted = _fit(value, inputs.known[name]) if name is not None else None
    return None if name is None or fitted is None else {name: fitted}


def _fit(value: object, taken: Input) -> object:
    """A value as the input takes it, 5 as "5" where that is text; None if it is not among the choices."""
    if taken.choices is not None:
        return next((choice for choice in taken.choices if str(choice) == str(value)), None)
    return str(value) if taken.kind == "string" else value


def _size(size: str, known: Mapping[str, Input]) -> dict[str, Any] | None:
    """size "1280x720" -> width and height, or one of the choices "1280*720", or aspect_ratio "16:9" with resolution "720p".

    None unless the model can be told both sides: of half a size the other half would be its own choice.
    """
    width, height = map(int, size.split("x"))
    if {"width", "height"} <= known.keys():
        return {"width": width, "height": height}
    for name in ("size", "resolution"):
        for choice in known.get(name, Input()).choices or ():
            if choice in (f"{width}x{height}", f"{width}*{height}"):
                return {name: choice}
    if not {"aspect_ratio", "resolution"} <= known.keys():
        return None
    aspect = _aspect(width, height, known["aspect_ratio"].choices)
    resolution = _fit(f"{min(width, height)}p", known["resolution"])
    return None if aspect is None or resolution is None else {"aspect_ratio": aspect, "resolution": resolution}


def _aspect(width: int, height: int, choices: Iterable[object] | None) -> object:
    """The choice that is the aspect of a picture, None if none is; without choices the aspect in its lowest terms."""
    if choices is None:
        common = gcd(width, height)
        return f"{width // common}:{height // common}"
    for choice in choices:
        said = ASPECT.fullmatch(str(choice))
        if said and abs(width * int(said[2]) / (height * int(said[1])) - 1) < SAME_ASPECT:
            return choice
    return None


def _input(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Input:
    """What an input takes. A choice stands in a schema of its own that `allOf` refers to; an optional one is in `anyOf`."""
    parts = [schema]
    for keyword in ("allOf", "anyOf"):
        nested = schema.get(keyword)
        for part in map(_object, nested if isinstance(nested, list) else ()):
            referred = str(part.get("$ref", "")).rpartition("/")[2]
            parts.append(_object(schemas.get(referred)) if referred else part)
    kinds = (part.get("type") for part in parts)
    choices = next((part["enum"] for part in parts if isinstance(part.get("enum"), list)), None)
    return Input(
        next((kind for kind in kinds if isinstance(kind, str) and kind != "null"), None),
        None if choices is None else tuple(choices),
    )


def _object(value: object) -> Mapping[str, Any]:
    """A JSON value if it is an object, else an empty one: these documents are made by the authors of models."""
    return value if isinstance(value, dict) else {}


def _refusal(model: str, param: str, inputs: Inputs) -> InvalidRequest:
    taken = ", ".join(
        name if known.choices is None else f"{name} ({', '.join(map(str, known.choices))})"
        for name, known in inputs.known.items()
    )
    return InvalidRequest(
        f"{model} cannot be told {param} as it was asked for. It takes {taken}; each can be sent under that name.",
        code="unsupported_parameter",
        param=param,
    )
