# Generated from upstreams/other.yaml by `make generate`. Do not edit.

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, StrictStr


class Task(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: StrictStr
