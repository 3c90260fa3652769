# Generated from upstreams/runway.yaml by `make generate`. Do not edit.

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import (
    MISSING,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictStr,
)


class PublicFigureThreshold(StrEnum):
    auto = 'auto'
    low = 'low'


class ContentModeration(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    public_figure_threshold: Annotated[
        PublicFigureThreshold | MISSING,
        Field(
            alias='publicFigureThreshold',
            description='`low` is less strict about recognizable public figures.',
        ),
    ] = MISSING


class TextToVideo(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    model: Annotated[
        StrictStr,
        Field(
            description='An open set; Runway adds models often.',
            examples=['gen4.5', 'veo3.1', 'veo3.1_fast'],
        ),
    ]
    prompt_text: Annotated[
        StrictStr,
        Field(
            alias='promptText',
            description='Not empty. At most 1000 UTF-16 code units for gen4.5, gen4_turbo and veo3.1*; 2500 to 15000 for others.\n',
            min_length=1,
        ),
    ]
    ratio: Annotated[
        StrictStr | MISSING,
        Field(
            description='Pixels. Text: gen4.5 1280:720, 720:1280 (required); veo3.1* these and 1920:1080, 1080:1920 (required).\nImage: gen4.5 and gen4_turbo 1280:720, 720:1280, 1104:832, 832:1104, 960:960, 1584:672 (required);\nveo3.1* as for text. hailuo3 and grok_imagine_1_5 take an aspect such as 16:9 instead, with `resolution`.\n',
            examples=['1280:720', '720:1280', '16:9'],
        ),
    ] = MISSING
    duration: Annotated[
        int | MISSING,
        Field(
            description='Whole seconds. gen4.5 2-10 (required); gen4_turbo 2-10, 10 if absent (UNCONFIRMED default); veo3.1* 4, 6\nor 8, 8 if absent (UNCONFIRMED default); kling2.5_turbo_pro 5 or 10; kling3.0*, klingO3* 3-15; hailuo3\n5-15; wan3 2-30; grok_imagine_1_5 1-15.\n',
            ge=1,
        ),
    ] = MISSING
    seed: Annotated[
        int | MISSING,
        Field(
            description='The same seed and request give similar results. gen4.5, gen4_turbo, veo3.1*, aleph2, seedance2*.',
            ge=0,
            le=4294967295,
        ),
    ] = MISSING
    audio: Annotated[
        StrictBool | MISSING,
        Field(
            description='Generate sound, which costs more. veo3.1*, kling3.0*, klingO3*, seedance2*, wan3* only. Whether absent\nmeans sound on veo3.1* is UNCONFIRMED.\n'
        ),
    ] = MISSING
    negative_prompt: Annotated[
        StrictStr | MISSING,
        Field(
            alias='negativePrompt',
            description='What should not appear. veo3.1* only.',
            min_length=1,
        ),
    ] = MISSING
    resolution: Annotated[
        StrictStr | MISSING,
        Field(
            description='hailuo3 768p, 2k; h3_max 480p, 768p; grok_imagine_1_5 480p, 720p, 1080p.'
        ),
    ] = MISSING
    content_moderation: Annotated[
        ContentModeration | MISSING, Field(alias='contentModeration')
    ] = MISSING


class Position(StrEnum):
    first = 'first'
    last = 'last'


class PromptImage(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    uri: Annotated[
        StrictStr,
        Field(description='As the plain string form of `promptImage`.', min_length=1),
    ]
    position: Annotated[
        Position,
        Field(
            description='`last` only for models that take two images: veo3.1*, kling*, seedance2*.'
        ),
    ]


class ImageToVideo(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    model: Annotated[
        StrictStr,
        Field(
            description='An open set; Runway adds models often.',
            examples=['gen4.5', 'veo3.1', 'veo3.1_fast'],
        ),
    ]
    prompt_image: Annotated[
        StrictStr | list[PromptImage],
        Field(
            alias='promptImage',
            description='A URL with https and a host name, not an address; a `runway://` upload; or a data URI of at most 5 MiB\n[DOC]. The list form, of one or two images, says where in the video each stands.\n',
        ),
    ]
    prompt_text: Annotated[
        StrictStr | MISSING,
        Field(
            alias='promptText',
            description='Not empty. At most 1000 UTF-16 code units for gen4.5, gen4_turbo and veo3.1*; 2500 to 15000 for others.\n',
            min_length=1,
        ),
    ] = MISSING
    ratio: Annotated[
        StrictStr | MISSING,
        Field(
            description='Pixels. Text: gen4.5 1280:720, 720:1280 (required); veo3.1* these and 1920:1080, 1080:1920 (required).\nImage: gen4.5 and gen4_turbo 1280:720, 720:1280, 1104:832, 832:1104, 960:960, 1584:672 (required);\nveo3.1* as for text. hailuo3 and grok_imagine_1_5 take an aspect such as 16:9 instead, with `resolution`.\n',
            examples=['1280:720', '720:1280', '16:9'],
        ),
    ] = MISSING
    duration: Annotated[
        int | MISSING,
        Field(
            description='Whole seconds. gen4.5 2-10 (required); gen4_turbo 2-10, 10 if absent (UNCONFIRMED default); veo3.1* 4, 6\nor 8, 8 if absent (UNCONFIRMED default); kling2.5_turbo_pro 5 or 10; kling3.0*, klingO3* 3-15; hailuo3\n5-15; wan3 2-30; grok_imagine_1_5 1-15.\n',
            ge=1,
        ),
    ] = MISSING
    seed: Annotated[
        int | MISSING,
        Field(
            description='The same seed and request give similar results. gen4.5, gen4_turbo, veo3.1*, aleph2, seedance2*.',
            ge=0,
            le=4294967295,
        ),
    ] = MISSING
    audio: Annotated[
        StrictBool | MISSING,
        Field(
            description='Generate sound, which costs more. veo3.1*, kling3.0*, klingO3*, seedance2*, wan3* only. Whether absent\nmeans sound on veo3.1* is UNCONFIRMED.\n'
        ),
    ] = MISSING
    negative_prompt: Annotated[
        StrictStr | MISSING,
        Field(
            alias='negativePrompt',
            description='What should not appear. veo3.1* only.',
            min_length=1,
        ),
    ] = MISSING
    resolution: Annotated[
        StrictStr | MISSING,
        Field(
            description='hailuo3 768p, 2k; h3_max 480p, 768p; grok_imagine_1_5 480p, 720p, 1080p.'
        ),
    ] = MISSING
    content_moderation: Annotated[
        ContentModeration | MISSING, Field(alias='contentModeration')
    ] = MISSING


class VideoToVideo(BaseModel):
    model_config = ConfigDict(
        extra='forbid',
        validate_by_name=True,
    )
    model: Annotated[
        StrictStr,
        Field(
            description='An open set; Runway adds models often.', examples=['aleph2']
        ),
    ]
    video_uri: Annotated[
        StrictStr | MISSING,
        Field(
            alias='videoUri',
            description='An https URL, a `runway://` upload or a data URI of at most 5 MiB.',
            min_length=1,
        ),
    ] = MISSING
    prompt_video: Annotated[
        StrictStr | MISSING,
        Field(
            alias='promptVideo',
            description='As `videoUri`, for the models that call it so.',
            min_length=1,
        ),
    ] = MISSING
    prompt_text: Annotated[
        StrictStr | MISSING,
        Field(
            alias='promptText',
            description='What should appear in the output; optional on aleph2.',
            min_length=1,
        ),
    ] = MISSING
    ratio: Annotated[
        StrictStr | MISSING,
        Field(
            description='Pixels. Text: gen4.5 1280:720, 720:1280 (required); veo3.1* these and 1920:1080, 1080:1920 (required).\nImage: gen4.5 and gen4_turbo 1280:720, 720:1280, 1104:832, 832:1104, 960:960, 1584:672 (required);\nveo3.1* as for text. hailuo3 and grok_imagine_1_5 take an aspect such as 16:9 instead, with `resolution`.\n',
            examples=['1280:720', '720:1280', '16:9'],
        ),
    ] = MISSING
    duration: Annotated[
        int | MISSING,
        Field(
            description='Whole seconds. gen4.5 2-10 (required); gen4_turbo 2-10, 10 if absent (UNCONFIRMED default); veo3.1* 4, 6\nor 8, 8 if absent (UNCONFIRMED default); kling2.5_turbo_pro 5 or 10; kling3.0*, klingO3* 3-15; hailuo3\n5-15; wan3 2-30; grok_imagine_1_5 1-15.\n',
            ge=1,
        ),
    ] = MISSING
    seed: Annotated[
        int | MISSING,
        Field(
            description='The same seed and request give similar results. gen4.5, gen4_turbo, veo3.1*, aleph2, seedance2*.',
            ge=0,
            le=4294967295,
        ),
    ] = MISSING
    audio: Annotated[
        StrictBool | MISSING,
        Field(
            description='Generate sound, which costs more. veo3.1*, kling3.0*, klingO3*, seedance2*, wan3* only. Whether absent\nmeans sound on veo3.1* is UNCONFIRMED.\n'
        ),
    ] = MISSING
    resolution: Annotated[
        StrictStr | MISSING,
        Field(
            description='hailuo3 768p, 2k; h3_max 480p, 768p; grok_imagine_1_5 480p, 720p, 1080p.'
        ),
    ] = MISSING
    content_moderation: Annotated[
        ContentModeration | MISSING, Field(alias='contentModeration')
    ] = MISSING


class Cost(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    credits: Annotated[
        StrictFloat,
        Field(description='Whole in a final cost, possibly a fraction in an estimate.'),
    ]


class TaskCreated(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(description='A UUID.', min_length=1)]
    estimated_cost: Annotated[
        Cost | MISSING,
        Field(alias='estimatedCost', description='The most that the task may charge.'),
    ] = MISSING


class Task(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    id: Annotated[StrictStr, Field(min_length=1)]
    status: Annotated[
        StrictStr,
        Field(
            description='PENDING, THROTTLED (held back by the concurrency of the account), RUNNING, SUCCEEDED, FAILED or\nCANCELLED [SDK]. An open set here on purpose.\n',
            examples=['PENDING', 'THROTTLED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'],
        ),
    ]
    created_at: Annotated[
        AwareDatetime | MISSING,
        Field(
            alias='createdAt',
            description='ISO 8601 with milliseconds, UTC.',
            examples=['2026-11-20T10:00:00.000Z'],
        ),
    ] = MISSING
    progress: Annotated[
        StrictFloat | None | MISSING,
        Field(description='Fraction done, 0 to 1; only while RUNNING.'),
    ] = MISSING
    output: Annotated[
        list[StrictStr] | MISSING,
        Field(
            description='Signed URLs of the result, which need no key and expire 24 to 48 hours after this read; read the task\nagain for fresh ones [SDK].\n'
        ),
    ] = MISSING
    failure: Annotated[
        StrictStr | None | MISSING,
        Field(
            description='Why it failed, for people; not to be shown to end users as it is [SDK].'
        ),
    ] = MISSING
    failure_code: Annotated[
        StrictStr | None | MISSING,
        Field(
            alias='failureCode',
            description='Why it failed, for programs: `SAFETY.INPUT.*` and `SAFETY.OUTPUT.*` are content moderation, never to be\nretried; `INTERNAL.BAD_OUTPUT.*` may be retried, as a new paid task [DOC]. `INTERNAL`,\n`INPUT_PREPROCESSING.*`, `ASSET.INVALID` and `THIRD_PARTY.*` exist; the list is open (UNCONFIRMED).\n',
            examples=['SAFETY.INPUT.TEXT', 'SAFETY.OUTPUT.VIDEO', 'INTERNAL.BAD_OUTPUT.CODE01', 'INTERNAL', 'ASSET.INVALID'],
        ),
    ] = MISSING
    estimated_cost: Annotated[
        Cost | MISSING,
        Field(
            alias='estimatedCost',
            description='The most that the task may charge; until it is terminal.',
        ),
    ] = MISSING
    cost: Annotated[
        Cost | MISSING,
        Field(description='The exact charge, 0 if refunded; once it is terminal.'),
    ] = MISSING


class ErrorIssue(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    code: Annotated[
        StrictStr | MISSING,
        Field(
            examples=['invalid_type', 'invalid_value', 'unrecognized_keys', 'too_big', 'too_small', 'invalid_union', 'custom']
        ),
    ] = MISSING
    path: Annotated[
        list[StrictStr | int] | MISSING,
        Field(description='Where in the body, from the outside in.'),
    ] = MISSING
    message: StrictStr | MISSING = MISSING


class ErrorResponse(BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
    )
    error: StrictStr
    issues: list[ErrorIssue] | MISSING = MISSING
    doc_url: Annotated[StrictStr | MISSING, Field(alias='docUrl')] = MISSING
