# Generated from openapi.yaml by `make generate`. Do not edit.

from __future__ import annotations

from typing import Annotated

from pydantic import MISSING, BaseModel, ConfigDict, Field, StrictFloat, StrictStr


class Thing(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    name: Annotated[StrictStr, Field(min_length=1)]
    size: Annotated[StrictFloat | None | MISSING, Field(gt=0.0)] = MISSING
    link: StrictStr | MISSING = MISSING


class ThingForm(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    name: Annotated[StrictStr | MISSING, Field(min_length=1)] = MISSING


class Error(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    code: StrictStr
    message: StrictStr
    param: StrictStr | MISSING = MISSING


class Fault(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    event_id: StrictStr
    error: Error
