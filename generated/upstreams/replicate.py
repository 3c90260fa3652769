# Generated from upstreams/replicate.yaml by `make generate`. Do not edit.

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    MISSING,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictBytes,
    StrictFloat,
    StrictStr,
)


class Version(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(description='64 hexadecimal digits.', min_length=1)]
    openapi_schema: Annotated[
        dict[str, Any] | None | MISSING,
        Field(
            description="An OpenAPI document of the model's inputs and outputs. `components.schemas.Input.properties` has one schema\nper input, with `x-order`, `title`, `description`, `default`, `minimum`, `maximum`; an input of fixed\nchoices refers to a schema beside it by `allOf: [{$ref: '#/components/schemas/{input}'}]`, where `enum` is.\n"
        ),
    ] = MISSING


class Model(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    owner: StrictStr
    name: StrictStr
    is_official: Annotated[
        StrictBool | MISSING,
        Field(
            description='Whether it runs by its name; any other model runs by the id of a version [SDK].'
        ),
    ] = MISSING
    latest_version: Version | None | MISSING = MISSING


class Release(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    model: Annotated[StrictStr, Field(description='`{owner}/{name}`.')]
    version: Annotated[
        StrictStr, Field(description='64 hexadecimal digits.', min_length=1)
    ]


class Deployment(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    owner: StrictStr | MISSING = MISSING
    name: StrictStr | MISSING = MISSING
    current_release: Release | None | MISSING = MISSING


class WebhookEventsFilterEnum(StrEnum):
    start = 'start'
    output = 'output'
    logs = 'logs'
    completed = 'completed'


class CreatePrediction(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    version: Annotated[
        StrictStr | MISSING,
        Field(
            description='For /predictions, and only there: the id of a version, `{owner}/{name}:{id}`, or `{owner}/{name}` of an\nofficial model [SDK].\n',
            min_length=1,
        ),
    ] = MISSING
    input: Annotated[
        dict[str, Any],
        Field(
            description="By the names in the model's schema. A file is a URL with https, or a data URL of at most 256 kB (a\nrecommendation), or the URL of an uploaded file [DOC].\n"
        ),
    ]
    webhook: Annotated[
        StrictStr | MISSING,
        Field(description='An https URL that is told of the prediction.'),
    ] = MISSING
    webhook_events_filter: list[WebhookEventsFilterEnum] | MISSING = MISSING


class Metrics(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    predict_time: Annotated[
        StrictFloat | MISSING, Field(description='Seconds that the model ran.')
    ] = MISSING
    total_time: Annotated[
        StrictFloat | MISSING, Field(description='Seconds from creation to end.')
    ] = MISSING
    video_output_duration_seconds: Annotated[
        StrictFloat | MISSING,
        Field(
            description='Seconds of video that are billed; official models report it [SEEN].'
        ),
    ] = MISSING


class Prediction(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(min_length=1)]
    status: Annotated[
        StrictStr,
        Field(
            description='starting, processing, succeeded, failed, canceled (by the user, or at its deadline once it ran; billed) or\naborted (at its deadline before it ran; not billed) [DOC]. An open set here on purpose.\n',
            examples=['starting', 'processing', 'succeeded', 'failed', 'canceled', 'aborted'],
        ),
    ]
    model: Annotated[StrictStr | MISSING, Field(description='`{owner}/{name}`.')] = (
        MISSING
    )
    version: Annotated[
        StrictStr | MISSING,
        Field(description='The id of the version; `hidden` for official models.'),
    ] = MISSING
    deployment: Annotated[
        StrictStr | None | MISSING,
        Field(
            description='The deployment that made it [SDK], as `{owner}/{name}` (UNCONFIRMED).'
        ),
    ] = MISSING
    input: Annotated[
        dict[str, Any] | None | MISSING,
        Field(
            description='As created, in a list too [DOC]; empty once the data is removed.'
        ),
    ] = MISSING
    output: Annotated[
        Any | MISSING,
        Field(
            description='Any JSON, by the model: for videos a URL, a list of URLs, an object of URLs, or null. The URLs are on\nreplicate.delivery, need no key, and are removed an hour after the end of the prediction [DOC].\n'
        ),
    ] = MISSING
    error: Annotated[
        StrictStr | None | MISSING,
        Field(
            description='Why it failed, for people, often with a code at the end: "The input or output was flagged as sensitive.\nPlease try again with different inputs. (E005)" is content moderation, "Prediction interrupted; please retry\n(code: PA)" is an outage [SEEN].\n'
        ),
    ] = MISSING
    data_removed: Annotated[
        StrictBool | MISSING, Field(description='Whether inputs and outputs are gone.')
    ] = MISSING
    created_at: Annotated[
        AwareDatetime | MISSING,
        Field(
            description='To the microsecond in examples [DOC], to the millisecond in others.'
        ),
    ] = MISSING
    started_at: AwareDatetime | None | MISSING = MISSING
    completed_at: Annotated[
        AwareDatetime | None | MISSING,
        Field(description='When it ended and all of its output was stored.'),
    ] = MISSING
    metrics: Metrics | None | MISSING = MISSING


class PredictionList(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    next: Annotated[
        StrictStr | None,
        Field(
            description='The URL of the page with older predictions, with a `cursor`; null on the last page [DOC].'
        ),
    ]
    previous: Annotated[
        StrictStr | None | MISSING,
        Field(
            description='The URL of the page with newer ones; null on the first page.'
        ),
    ] = MISSING
    results: list[Prediction]


class Upload(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    content: Annotated[
        StrictBytes, Field(description='The file, with its name and its media type.')
    ]


class FileUrls(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    get: Annotated[StrictStr, Field(description='What to put into a prediction.')]


class StoredFile(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(min_length=1)]
    urls: FileUrls
    expires_at: AwareDatetime | None | MISSING = MISSING


class Problem(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    title: StrictStr | MISSING = MISSING
    detail: Annotated[
        StrictStr | MISSING,
        Field(
            description='One line per finding for a 422: "- input.duration: Must be less than or equal to 15", or\n"- input: prompt is required".\n'
        ),
    ] = MISSING
    status: int | MISSING = MISSING
    retry_after: Annotated[
        StrictFloat | MISSING, Field(description='Seconds to wait, on a 429 [SEEN].')
    ] = MISSING
