"""The models that the Replicate emulator has: what each takes, in an OpenAPI document of its own, and what it shows for it.

Source: upstreams/replicate.yaml for the form. Names and inputs follow public models on Replicate as of 2026; their descriptions
and some ranges are ours. They differ from each other on purpose, as they do there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationError, ValidationErrorKind

from sandbox.scene import Scene, dimensions

TEXT = {"type": "string"}
FILE = {"type": "string", "format": "uri"}
SEED = {"type": "integer"}
SECONDS = 5  # of a clip, for models that are not told how many
SHORT_EDGE = "720p"  # for models that are not told
PUBLISHED = "2026-01-01T00:00:00.000Z"
OPENING = ("start_image", "image")  # inputs that are the first frame


def choice(*values: str | int) -> dict[str, Any]:
    """An input of fixed choices, the first of which is taken by default."""
    return {"type": "integer" if isinstance(values[0], int) else "string", "enum": list(values), "default": values[0]}


@dataclass(frozen=True)
class Model:
    """A model and its one version."""

    name: str  # owner/name
    inputs: Mapping[str, dict[str, Any]]
    required: tuple[str, ...] = ("prompt",)
    is_official: bool = True
    lists_output: bool = False  # whether the output is a list of URLs

    @property
    def version(self) -> str:
        """64 hexadecimal digits."""
        return sha256(self.name.encode()).hexdigest()

    @cached_property
    def document(self) -> dict[str, Any]:
        """The OpenAPI document of the version. A choice stands in a schema of its own, as Cog writes it."""
        properties, choices = {}, {}
        for order, (name, schema) in enumerate(self.inputs.items()):
            described = {"title": name.replace("_", " ").capitalize(), "x-order": order}
            if "enum" in schema:
                choices[name] = {"title": name, "type": schema["type"], "enum": schema["enum"]}
                reference = {"allOf": [{"$ref": f"#/components/schemas/{name}"}], "default": schema["default"]}
                properties[name] = reference | described
            else:
                properties[name] = schema | described
        output = {"type": "array", "items": FILE} if self.lists_output else FILE
        schemas: dict[str, Any] = {
            "Input": {"type": "object", "title": "Input", "required": [*self.required], "properties": properties},
            "Output": output | {"title": "Output"},
            **choices,
        }
        return {"openapi": "3.0.2", "info": {"title": "Cog", "version": "0.1.0"}, "components": {"schemas": schemas}}

    @cached_property
    def validator(self) -> Draft202012Validator:
        return Draft202012Validator({"$ref": "#/components/schemas/Input"} | self.document)

    def findings(self, given: Mapping[str, Any]) -> list[str]:
        """What is wrong with an input, one line each. An input that the model does not have is no finding."""
        return [_finding(error) for error in self.validator.iter_errors(given)]

    def scene(self, given: Mapping[str, Any]) -> Scene:
        """What a checked input makes to be seen."""
        asked = {name: schema["default"] for name, schema in self.inputs.items() if "default" in schema}
        asked |= given
        width, height = dimensions(asked["size"].replace("*", "x")) if "size" in asked else _pixels(asked)
        seconds = max(1, int(asked.get("duration", SECONDS)))
        sound = bool(asked.get("generate_audio", False))
        return Scene(asked["prompt"], width, height, seconds, sound, int(asked.get("seed", 0)))


def _pixels(asked: Mapping[str, Any]) -> tuple[int, int]:
    """aspect_ratio "3:4", resolution "720p" -> (720, 960)"""
    across, down = map(int, asked.get("aspect_ratio", "16:9").split(":"))
    short = int(asked.get("resolution", SHORT_EDGE).removesuffix("p"))
    long = short * max(across, down) // min(across, down) // 2 * 2
    return (long, short) if across > down else (short, long)


def _finding(error: ValidationError) -> str:
    if isinstance(error.kind, ValidationErrorKind.Required):
        return f"- input: {error.kind.property} is required"
    return f"- {'.'.join(['input', *map(str, error.instance_path)])}: {error.message}"


MODELS = {
    model.name: model
    for model in (
        Model(
            "bytedance/seedance-2.0",
            {
                "prompt": TEXT,
                "image": FILE,
                "last_frame_image": FILE,
                "reference_images": {"type": "array", "items": FILE, "default": []},
                "duration": {"type": "integer", "minimum": 2, "maximum": 15, "default": 5},
                "resolution": choice("720p", "480p", "1080p"),
                "aspect_ratio": choice("16:9", "4:3", "1:1", "3:4", "9:16", "21:9"),
                "generate_audio": {"type": "boolean", "default": True},
                "seed": SEED,
            },
        ),
        Model(
            "google/veo-3.1-fast",
            {
                "prompt": TEXT,
                "aspect_ratio": choice("16:9", "9:16"),
                "duration": choice(8, 6, 4),
                "image": FILE,
                "last_frame": FILE,
                "negative_prompt": TEXT,
                "resolution": choice("1080p", "720p"),
                "generate_audio": {"type": "boolean", "default": True},
                "seed": SEED,
            },
        ),
        Model(
            "kwaivgi/kling-v2.5-turbo-pro",
            {
                "prompt": TEXT,
                "negative_prompt": TEXT | {"default": ""},
                "start_image": FILE,
                "end_image": FILE,
                "aspect_ratio": choice("16:9", "9:16", "1:1"),
                "duration": choice(5, 10),
                "image": FILE | {"description": "Deprecated: use start_image instead."},
            },
        ),
        Model(
            "runwayml/gen4-aleph",
            {
                "prompt": TEXT,
                "video": FILE,
                "aspect_ratio": choice("16:9", "9:16", "4:3", "3:4", "1:1", "21:9"),
                "reference_image": FILE,
                "seed": SEED,
            },
            required=("prompt", "video"),
        ),
        Model(
            "prunaai/vace-14b",
            {
                "prompt": TEXT,
                "seed": SEED | {"default": -1},
                "size": choice("832*480", "480*832", "1280*720", "720*1280"),
                "frame_num": {"type": "integer", "default": 81},
                "src_video": FILE,
                "src_ref_images": {"type": "array", "items": FILE},
            },
            is_official=False,
            lists_output=True,
        ),
    )
}
DEPLOYED = "prunaai/vace-14b"
"""What the deployment `{account}/clips` of every account runs."""


def model_body(model: Model) -> dict[str, Any]:
    owner, _, name = model.name.partition("/")
    return {
        "owner": owner,
        "name": name,
        "url": f"https://replicate.com/{model.name}",
        "description": None,
        "visibility": "public",
        "is_official": model.is_official,
        "run_count": 0,
        "github_url": None,
        "paper_url": None,
        "license_url": None,
        "cover_image_url": None,
        "default_example": None,
        "latest_version": version_body(model),
    }


def release_body(model: Model) -> dict[str, Any]:
    """The release of a deployment."""
    return {
        "number": 1,
        "model": model.name,
        "version": model.version,
        "created_at": PUBLISHED,
        "created_by": None,
        "configuration": {"hardware": "gpu-h100", "min_instances": 0, "max_instances": 1},
    }


def version_body(model: Model) -> dict[str, Any]:
    return {
        "id": model.version,
        "created_at": PUBLISHED,
        "cog_version": "0.16.0",
        "openapi_schema": model.document,
    }
