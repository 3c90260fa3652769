"""What is known of each model: the files of models/, read once and checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

Input = Literal["text", "image", "video"]


class Retired(BaseModel):
    """The vendor has switched it off."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    since: date
    notice: str


class ImageLimits(BaseModel):
    """Which images a model takes. None: not known, the provider decides."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    types: tuple[Literal["image/png", "image/jpeg", "image/webp"], ...] | None = None
    bytes: int | None = None  # at most, of the file
    data_url_characters: int | None = None  # at most, of an image that is sent as one
    size_of_video: bool = False  # whether it must have the very size of the video


class Capabilities(BaseModel):
    """What a model can do. None: not known, the provider decides."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    inputs: frozenset[Input] = frozenset({"text", "image", "video"})
    seconds: tuple[str, ...] | None = None
    sizes: tuple[str, ...] | None = None
    image_sizes: tuple[str, ...] | None = None
    default_seconds: str | None = None
    default_size: str | None = None
    audio: bool = False
    seed: bool = False
    seed_most: int | None = None  # the largest seed
    negative_prompt: bool = False
    prompt_characters: int | None = None  # UTF-16 code units
    image: ImageLimits = ImageLimits()
    confirmed: date | None = None
    retired: Retired | None = None

    def sizes_for(self, material: Input) -> tuple[str, ...] | None:
        return self.image_sizes if material == "image" and self.image_sizes is not None else self.sizes


ANYTHING = Capabilities(audio=True, seed=True, negative_prompt=True)
"""A model the catalogue does not know: nothing is checked here, the provider decides."""


class Entry(BaseModel):
    """A provider's part of the catalogue."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    source: str
    confirmed: date
    retired: Retired | None = None
    models: dict[str, Capabilities]


@cache
def catalog() -> Mapping[str, Mapping[str, Capabilities]]:
    """Provider -> model -> what it can do."""
    return {file.stem: _models(file) for file in sorted((Path(__file__).parent / "models").glob("*.yaml"))}


def _models(file: Path) -> Mapping[str, Capabilities]:
    entry = Entry.model_validate(yaml.safe_load(file.read_text()))
    return {
        name: model.model_copy(update={"confirmed": entry.confirmed, "retired": model.retired or entry.retired})
        for name, model in entry.models.items()
    }
