"""Checks of single fields of a Runway request, and their findings in the form of zod 4's issues.

The codes `invalid_type`, `invalid_value`, `unrecognized_keys`, `invalid_union` and `too_big`, the wording of
types and the 5 MiB, https and host name rules for assets are Runway's (docs.dev.runwayml.com:
/errors/troubleshooting, /assets/inputs; quoted answers); the rest of the wording is ours.
"""

import ipaddress
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from sandbox import images

Issue = dict[str, Any]
Check = Callable[[object], Issue | None]
"""A field's value -> what is wrong with it; the path in the finding is relative to the field."""

DATA_URI_CHARACTERS = 5 * 1024 * 1024
IMAGE_TYPES = ("image/jpeg", "image/jpg", "image/png", "image/webp")
UNDEFINED = object()
"""Stands for a field that is not there."""
TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
    type(UNDEFINED): "undefined",
}


def invalid_type(expected: str, value: object) -> Issue:
    """A value of the wrong JSON type, or none at all."""
    words = f"Invalid input: expected {expected}, received {TYPES[type(value)]}"
    return {"expected": expected, "code": "invalid_type", "message": words}


def text(most: int) -> Check:
    """A string of one to `most` UTF-16 code units."""

    def check(value: object) -> Issue | None:
        if not isinstance(value, str):
            return invalid_type("string", value)
        units = len(value.encode("utf-16-le")) // 2
        return _out_of_bounds("string", "characters", units, 1, most)

    return check


def whole(least: int, most: int) -> Check:
    """A whole number between the two, which belong to it."""

    def check(value: object) -> Issue | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return invalid_type("number", value)
        if isinstance(value, float) and not value.is_integer():
            return invalid_type("int", value) | {"format": "safeint"}
        return _out_of_bounds("number", "", int(value), least, most)

    return check


def one_of(*values: str | int) -> Check:
    """One of the values."""

    def check(value: object) -> Issue | None:
        if isinstance(value, bool) or value not in values:
            listed = "|".join(f'"{each}"' if isinstance(each, str) else str(each) for each in values)
            words = f"Invalid option: expected one of {listed}"
            return {"code": "invalid_value", "values": list(values), "message": words}
        return None

    return check


def boolean(value: object) -> Issue | None:
    return None if isinstance(value, bool) else invalid_type("boolean", value)


def moderation(value: object) -> Issue | None:
    """{"publicFigureThreshold": "auto" or "low"}"""
    if not isinstance(value, dict):
        return invalid_type("object", value)
    if unknown := [key for key in value if key != "publicFigureThreshold"]:
        return {"code": "unrecognized_keys", "keys": unknown, "message": f"Unrecognized keys: {unknown}"}
    issue = one_of("auto", "low")(value.get("publicFigureThreshold", "auto"))
    return issue and issue | {"path": ["publicFigureThreshold"]}


def image(*positions: str) -> Check:
    """An image by URI, or a list of images at positions, each position once and `first` among them."""

    def check(value: object) -> Issue | None:
        if isinstance(value, str):
            return _asset(value, ("https",), is_image=True)
        if not isinstance(value, list):
            return invalid_type("string", value)
        for place, each in enumerate(value):
            if not isinstance(each, dict) or each.keys() != {"uri", "position"} or not isinstance(each["uri"], str):
                return _custom("Expected an object with uri and position", place)
            if issue := one_of(*positions)(each["position"]):
                return issue | {"path": [place, "position"]}
            if issue := _asset(each["uri"], ("https",), is_image=True):
                return issue | {"path": [place, "uri"]}
        places = [each["position"] for each in value]
        if "first" not in places or len(set(places)) != len(places):
            return _custom("Expected one image at each position, and one at the first")
        return None

    return check


def video(value: object) -> Issue | None:
    """A video by URI. Plain http is Runway's refusal and the emulator's liberty."""
    if not isinstance(value, str):
        return invalid_type("string", value)
    return _asset(value, ("https", "http"), is_image=False)


def opening_image(prompt_image: object) -> bytes | None:
    """A checked `promptImage` -> the bytes of the first frame; None if it is remote or absent."""
    if isinstance(prompt_image, list):
        prompt_image = next(each["uri"] for each in prompt_image if each["position"] == "first")
    if isinstance(prompt_image, str) and prompt_image.startswith("data:"):
        return images.from_data_url(prompt_image)[1]
    return None


def _asset(uri: str, schemes: tuple[str, ...], is_image: bool) -> Issue | None:
    """An https URL on a host name, a runway:// upload, or a data URI, with an image in it if it is to be one."""
    if uri.startswith("data:"):
        return _data(uri, is_image)
    try:
        parts = urlsplit(uri)
    except ValueError:
        return _custom("Invalid URL")
    if parts.scheme == "runway":
        return None
    if parts.scheme not in schemes or not parts.hostname:
        return _custom("Only HTTPS URLs are allowed.")
    if schemes == ("https",) and _is_address(parts.hostname):
        return _custom("URLs must be hosted on a domain.")
    return None


def _data(uri: str, is_image: bool) -> Issue | None:
    if len(uri) > DATA_URI_CHARACTERS:
        return _custom("The data URI is longer than 5 MB.")
    try:
        media_type, content = images.from_data_url(uri)
        if is_image and media_type not in IMAGE_TYPES:
            return _custom("Unsupported asset type.")
        if is_image:
            images.pixels(content)
    except images.Unreadable as error:
        return _custom(f"Invalid data URI: {error}.")
    return None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _out_of_bounds(origin: str, unit: str, value: int, least: int, most: int) -> Issue | None:
    if value > most:
        code, limit, sign = "too_big", {"maximum": most}, f"<={most}"
    elif value < least:
        code, limit, sign = "too_small", {"minimum": least}, f">={least}"
    else:
        return None
    words = f"Too {code[4:]}: expected {origin} to {'have' if unit else 'be'} {sign} {unit}".rstrip()
    return {"origin": origin, "code": code, **limit, "inclusive": True, "message": words}


def _custom(message: str, *path: int | str) -> Issue:
    return {"code": "custom", "message": message, "path": list(path)}
