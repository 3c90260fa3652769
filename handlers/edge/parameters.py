"""Judging path, query and header parameters, and saying which one is at fault.

connexion parses and casts them; it asks this class instead of its own, which judges by JSON Schema drafts that are not the
document's, names no parameter, and copies every schema for every request.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs
import orjson
from connexion.lifecycle import ConnexionRequest
from connexion.uri_parsing import OpenAPIURIParser
from connexion.validators import ParameterValidator

from ..errors import InvalidRequest
from . import mistakes


class Parameters(ParameterValidator):  # type: ignore[misc]
    @staticmethod
    def validate_parameter(
        parameter_type: str, value: Any, param: Mapping[str, Any], param_name: str | None = None
    ) -> None:
        """Raises InvalidRequest if the parameter is missing or is not as the document says."""
        name = param["name"]
        if value is None:
            if param.get("required"):
                raise InvalidRequest(f"The {parameter_type} parameter {name} is missing.", param=name)
            return
        found = mistakes.first(_judge_of(orjson.dumps(param["schema"])).iter_errors(value))
        if found is not None:
            described = " ".join(param.get("description", "").split())
            raise InvalidRequest(f"{name}: {found.message}. {described}".rstrip(), param=name)

    def validate_request(self, request: ConnexionRequest) -> None:
        """Raises InvalidRequest for a query parameter that there is not: misspelt, it would change nothing, unnoticed.

        Where there are none, none can be misspelt.
        """
        known = [param["name"] for param in self.parameters.get("query", [])]
        for name in request.query_params:
            if known and name not in known:
                there_are = f"There are {', '.join(known)}."
                raise InvalidRequest(f"There is no query parameter {name!r} here. {there_are}", param=name)
        super().validate_request(request)


class Repeated(OpenAPIURIParser):  # type: ignore[misc]
    """A parameter that is sent more than once is the list of what was sent. connexion's own splits these at their commas."""

    @staticmethod
    def _resolve_param_duplicates(values: list[str], param_defn: Mapping[str, Any], _in: str) -> list[str]:
        return values

    @staticmethod
    def _split(value: list[str], param_defn: Mapping[str, Any], _in: str) -> list[str]:
        return value


@cache
def _judge_of(schema: bytes) -> jsonschema_rs.Draft4Validator:
    # The lowered copy that connexion reads is OpenAPI 3.0, whose schemas are of draft 4.
    return jsonschema_rs.Draft4Validator(orjson.loads(schema), mask="the value")
