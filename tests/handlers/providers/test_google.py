"""What Google's two video APIs have in common: sizes, refusals, the words for withheld content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from multidict import CIMultiDict

from generated.models import VideoGenerationRequest
from generated.upstreams import gemini, vertex
from handlers.errors import (
    ContentRefused,
    InvalidRequest,
    KeyRefused,
    OutcomeUnknown,
    Overloaded,
    ProviderError,
    ProviderFailed,
    RateLimited,
    Refused,
)
from handlers.providers import google
from handlers.upstream import Reply

UPSTREAMS = Path(__file__).parents[3] / "upstreams"
RPC = "type.googleapis.com/google.rpc."


def request(**fields: Any) -> VideoGenerationRequest:
    return VideoGenerationRequest.model_validate({"model": "vertex/veo", "prompt": "a boat", **fields})


def error(status: int, message: str, name: str = "", *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": status, "message": message, "status": name, "details": list(details)}}


QUOTA = {"@type": f"{RPC}QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]}
PER_MINUTE = {"@type": f"{RPC}QuotaFailure", "violations": [{"quotaId": "RequestsPerMinute"}, {"subject": "x"}]}
BAD_KEY = {"@type": f"{RPC}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
FIELD = {"@type": f"{RPC}BadRequest", "fieldViolations": [{"field": "parameters.durationSeconds"}]}

REFUSED: list[tuple[int, Any, type[ProviderError], str, str | None]] = [
    # Source of the bodies: upstreams/gemini.yaml and vertex.yaml; the quoted ones are [SEEN] there.
    (400, error(400, "durationSeconds must be 8", "INVALID_ARGUMENT", FIELD), Refused, "must be 8", "seconds"),
    (
        400,
        error(400, "Nope", "", {"fieldViolations": [{"field": "generation_config"}]}),
        Refused,
        "Nope",
        "generation_config",
    ),
    (400, error(400, "Nope", "", {"fieldViolations": []}), Refused, "Nope", None),
    (400, error(400, "This model only supports Interactions API.", "INVALID_ARGUMENT"), Refused, "only supports", None),
    (400, error(400, "API key not valid.", "INVALID_ARGUMENT", BAD_KEY), KeyRefused, "API key not valid", None),
    (400, {"error": {"message": "Unknown parameter 'x'.", "code": "invalid_request"}}, Refused, "Unknown", None),
    (400, [error(400, "From the front end", "INVALID_ARGUMENT")], Refused, "From the front end", None),
    (400, error(400, "The prompt was blocked for safety reasons."), ContentRefused, "blocked", None),
    (400, error(400, "Unknown parameter 'safety_settings'."), Refused, "safety_settings", None),
    (403, [error(403, "Requests are blocked.", "API_KEY_SERVICE_BLOCKED")], KeyRefused, "blocked", None),
    (401, error(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED"), KeyRefused, "401", None),
    (
        404,
        error(404, "models/veo-3.1-generate-preview is no longer available", "NOT_FOUND"),
        Refused,
        "no longer",
        None,
    ),
    (429, error(429, "Resource has been exhausted", "RESOURCE_EXHAUSTED"), RateLimited, "exhausted", None),
    (429, error(429, "Too many", "RESOURCE_EXHAUSTED", PER_MINUTE), RateLimited, "Too many", None),
    (429, error(429, "You exceeded your current quota", "RESOURCE_EXHAUSTED", QUOTA), KeyRefused, "quota", None),
    (500, error(500, "An internal error", "INTERNAL"), ProviderFailed, "An internal error", None),
    (503, error(503, "Overloaded", "UNAVAILABLE"), Overloaded, "Overloaded", None),
    (502, None, OutcomeUnknown, "502", None),
    (504, None, OutcomeUnknown, "504", None),
    (400, {"error": "text"}, Refused, "400", None),
    (400, [], Refused, "400", None),
]


@pytest.mark.parametrize(("status", "body", "kind", "text", "param"), REFUSED)
def test_each_refusal_of_a_create_means_what_its_fixture_says(
    status: int, body: Any, kind: type[ProviderError], text: str, param: str | None
) -> None:
    content = b"<html>" if body is None else json.dumps(body).encode()
    refused = google.refused(Reply(status, CIMultiDict(), content), creates=True)
    assert type(refused) is kind
    assert text in refused.message
    assert (refused.param, refused.upstream_status) == (param, status)


@pytest.mark.parametrize(
    ("headers", "delay", "seconds"),
    [({}, "37s", 37), ({}, "12.5s", 12), ({}, "0.5s", 1), ({"retry-after": "3"}, "37s", 3)],
)
def test_how_long_to_wait_stands_in_the_body(headers: dict[str, str], delay: str, seconds: float) -> None:
    body = json.dumps(error(429, "Slow down", "RESOURCE_EXHAUSTED", {"@type": f"{RPC}RetryInfo", "retryDelay": delay}))
    refused = google.refused(Reply(429, CIMultiDict(headers), body.encode()), creates=True)
    assert (type(refused), refused.retry_after) == (RateLimited, seconds)


def test_an_interaction_that_is_not_there_counts_as_not_found() -> None:
    body = {"error": {"message": "Invalid interaction name: interactions/v1_x", "code": "invalid_request"}}
    refused = google.refused(Reply(400, CIMultiDict(), json.dumps(body).encode()))
    assert (type(refused), refused.upstream_status) == (Refused, 404)


@pytest.mark.parametrize(
    ("text", "is_content"),
    [
        ("… for this request. Support codes: 42237218", True),
        ("… violates Google's Responsible AI practices.", True),
        ("The prompt couldn't be submitted", True),
        ("it might violate our policies", True),
        ("Prompt blocked for safety reasons", True),
        ("Requests to this API are blocked.", False),
        ("Your use case is not supported: image could not be processed", False),
        ("Video generation failed due to an internal server issue.", False),
    ],
)
def test_content_is_told_from_other_faults_by_the_text(text: str, is_content: bool) -> None:
    snapshot = google.failed("o", "INVALID_ARGUMENT", text)
    assert snapshot.error_code == ("content_filtered" if is_content else "INVALID_ARGUMENT")
    assert (snapshot.error_message, snapshot.filtered is not None) == (text, is_content)


def test_a_size_that_cannot_be_said_is_refused_by_name() -> None:
    assert google.measured(request(size="1080x1920")) == ("9:16", "1080p")
    with pytest.raises(InvalidRequest) as refused:
        google.measured(request(size="1024x1792"))
    assert (refused.value.param, refused.value.code) == ("size", "unsupported_parameter")


def test_every_size_of_the_catalogue_can_be_said() -> None:
    from handlers.providers.catalog import catalog

    for provider in ("gemini", "vertex"):
        for model in catalog()[provider].values():
            assert set(model.sizes or ()) <= google.SIZES.keys()


def test_aspects_and_resolutions_are_those_of_the_document() -> None:
    said = yaml.safe_load((UPSTREAMS / "gemini.yaml").read_text())["components"]["schemas"]["VideoFormat"]["properties"]
    aspects, resolutions = zip(*google.SIZES.values(), strict=True)
    assert (set(aspects), set(resolutions)) == (set(said["aspect_ratio"]["enum"]), set(said["resolution"]["enum"]))


def test_every_field_that_an_error_may_name_is_one_that_is_sent() -> None:
    models = (
        *(gemini.CreateInteraction, gemini.VideoFormat, gemini.VeoInstance, gemini.VeoParameters),
        *(vertex.VeoInstance, vertex.VeoParameters),
    )
    sent = {field.alias or name for model in models for name, field in model.model_fields.items()}
    assert google.PARAM.keys() <= sent
    assert set(google.PARAM.values()) <= VideoGenerationRequest.model_fields.keys()


def test_extra_fields_go_where_veo_has_them_and_do_not_replace_ours() -> None:
    asked = request(
        lastFrame={"gcsUri": "gs://b/i.png"},
        reference_images=[],
        labels={"team": "films"},
        storageURI="gs://b/",
        numberOfVideos=2,
        personGeneration="allow_adult",
        durationSeconds=4,
    )
    ours = vertex.PredictLongRunning.model_validate(
        {"instances": [{"prompt": "a boat"}], "parameters": {"durationSeconds": 8}}
    )
    assert google.veo_body(asked, ours) == {
        "labels": {"team": "films"},
        "instances": [{"prompt": "a boat", "lastFrame": {"gcsUri": "gs://b/i.png"}, "referenceImages": []}],
        "parameters": {
            "sampleCount": 2,
            "storageUri": "gs://b/",
            "personGeneration": "allow_adult",
            "durationSeconds": 8,
        },
    }


def test_the_names_that_extra_fields_may_have_are_of_the_documents() -> None:
    properties = {
        name: yaml.safe_load((UPSTREAMS / "vertex.yaml").read_text())["components"]["schemas"][name][
            "properties"
        ].keys()
        for name in ("PredictLongRunning", "VeoInstance", "VeoParameters")
    }
    assert properties["VeoInstance"] - {"prompt", "image", "video"} == google.OF_THE_INSTANCE
    assert properties["PredictLongRunning"] - {"instances", "parameters"} == google.OF_THE_REQUEST
    assert set(google.RENAMED.values()) <= properties["VeoParameters"] | properties["VeoInstance"]
