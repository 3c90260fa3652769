"""What a model on Replicate takes, and our requests in its words."""

from __future__ import annotations

from typing import Any

import pytest

from generated.models import VideoGenerationRequest
from handlers.errors import InvalidRequest
from handlers.providers.replicate_inputs import NAMES, OURS, UNSEEN, Input, Inputs, fill, inputs_of, place

MODEL = "acme/boats"
SHAPES: dict[str, dict[str, Any]] = {
    "plain": {"type": "integer", "title": "Plain", "minimum": 1, "x-order": 0},
    "choice": {"allOf": [{"$ref": "#/components/schemas/choice"}], "default": 5},
    "optional": {"anyOf": [{"type": "null"}, {"type": "string"}], "nullable": True},
    "optional_choice": {"anyOf": [{"$ref": "#/components/schemas/choice"}, {"type": "null"}]},
    "inline": {"type": "string", "enum": ["a", "b"]},
    "dangling": {"allOf": [{"$ref": "#/components/schemas/nowhere"}]},
    "odd": {"type": ["string", "null"], "enum": "a", "allOf": [7], "anyOf": None},
    "empty": {},
}


def test_the_document_of_a_version_tells_its_inputs() -> None:
    document = {
        "components": {
            "schemas": {
                "Input": {"type": "object", "properties": SHAPES},
                "choice": {"type": "integer", "enum": [5, 10]},
                "Output": {"type": "string", "format": "uri"},
            }
        }
    }
    assert inputs_of(document) == Inputs(
        {
            "plain": Input("integer"),
            "choice": Input("integer", (5, 10)),
            "optional": Input("string"),
            "optional_choice": Input("integer", (5, 10)),
            "inline": Input("string", ("a", "b")),
            "dangling": Input(),
            "odd": Input(),
            "empty": Input(),
        }
    )


@pytest.mark.parametrize(
    "document",
    [None, {}, [], "x", {"components": 7}, {"components": {"schemas": {"Input": {"properties": []}}}}],
)
def test_a_document_that_tells_nothing_leaves_the_usual_names(document: object) -> None:
    assert inputs_of(document) is UNSEEN


def taking(**known: Input) -> Inputs:
    return Inputs({"prompt": Input("string"), **known})


RATIOS = Input("string", ("16:9", "9:16", "1:1", "21:9"))
TIERS = Input("string", ("480p", "720p", "1080p"))


@pytest.mark.parametrize(
    ("known", "wanted", "filled"),
    [
        ({"image": Input("string")}, {"input_reference": "data:x"}, {"image": "data:x"}),
        (
            {"image": Input("string"), "start_image": Input("string")},
            {"input_reference": "data:x"},
            {"start_image": "data:x"},
        ),
        ({"first_frame_image": Input("string")}, {"input_reference": "data:x"}, {"first_frame_image": "data:x"}),
        ({"src_video": Input("string")}, {"video_uri": "https://v"}, {"src_video": "https://v"}),
        ({"duration": Input("integer")}, {"seconds": 5}, {"duration": 5}),
        ({"duration": Input("integer", (5, 10))}, {"seconds": 10}, {"duration": 10}),
        ({"duration": Input("string", ("5", "10"))}, {"seconds": 10}, {"duration": "10"}),
        ({"seconds": Input("string")}, {"seconds": 8}, {"seconds": "8"}),
        ({"seed": Input("integer")}, {"seed": 7}, {"seed": 7}),
        ({"negative_prompt": Input("string")}, {"negative_prompt": "rain"}, {"negative_prompt": "rain"}),
        ({"generate_audio": Input("boolean")}, {"audio": False}, {"generate_audio": False}),
        ({"width": Input("integer"), "height": Input("integer")}, {"size": "832x480"}, {"width": 832, "height": 480}),
        ({"size": Input("string", ("1280*720", "720*1280"))}, {"size": "720x1280"}, {"size": "720*1280"}),
        ({"size": Input("string", ("1280x720",))}, {"size": "1280x720"}, {"size": "1280x720"}),
        ({"resolution": Input("string", ("1280x720",))}, {"size": "1280x720"}, {"resolution": "1280x720"}),
        (
            {"aspect_ratio": RATIOS, "resolution": TIERS},
            {"size": "1280x720"},
            {"aspect_ratio": "16:9", "resolution": "720p"},
        ),
        (
            {"aspect_ratio": RATIOS, "resolution": TIERS},
            {"size": "480x832"},
            {"aspect_ratio": "9:16", "resolution": "480p"},
        ),
        (
            {"aspect_ratio": Input("string"), "resolution": Input("string")},
            {"size": "1080x1080"},
            {"aspect_ratio": "1:1", "resolution": "1080p"},
        ),
    ],
)
def test_a_value_goes_under_the_models_own_name(
    known: dict[str, Input], wanted: dict[str, Any], filled: dict[str, Any]
) -> None:
    assert fill(MODEL, taking(**known), {"prompt": "a boat", **wanted}, {}) == {"prompt": "a boat", **filled}


@pytest.mark.parametrize(
    ("known", "wanted", "param"),
    [
        ({}, {"input_reference": "data:x"}, "input_reference"),
        ({"reference_images": Input("array")}, {"input_reference": "data:x"}, "input_reference"),
        ({}, {"video_uri": "https://v"}, "video_uri"),
        ({"num_frames": Input("integer")}, {"seconds": 5}, "seconds"),
        ({"duration": Input("integer", (5, 10))}, {"seconds": 7}, "seconds"),
        ({}, {"seed": 7}, "seed"),
        ({}, {"negative_prompt": "rain"}, "negative_prompt"),
        ({"audio": Input("string")}, {"audio": True}, "audio"),  # a file to speak to, not a switch
        ({}, {"size": "1280x720"}, "size"),
        ({"aspect_ratio": RATIOS}, {"size": "1280x720"}, "size"),  # the resolution would be the model's choice
        ({"resolution": TIERS}, {"size": "1280x720"}, "size"),
        ({"aspect_ratio": RATIOS, "resolution": TIERS}, {"size": "800x600"}, "size"),
        ({"aspect_ratio": RATIOS, "resolution": TIERS}, {"size": "640x360"}, "size"),
        ({"aspect_ratio": Input("string", ("landscape", "0:0")), "resolution": TIERS}, {"size": "1280x720"}, "size"),
        ({"size": Input("string", ("1280*720",))}, {"size": "640x360"}, "size"),
    ],
)
def test_what_the_model_has_no_input_for_is_refused_by_our_name(
    known: dict[str, Input], wanted: dict[str, Any], param: str
) -> None:
    with pytest.raises(InvalidRequest) as raised:
        fill(MODEL, taking(**known), wanted, {})
    assert (raised.value.code, raised.value.param) == ("unsupported_parameter", param)
    assert MODEL in raised.value.message and all(name in raised.value.message for name in known)


def test_the_refusal_tells_the_choices() -> None:
    with pytest.raises(InvalidRequest, match=r"duration \(5, 10\)"):
        fill(MODEL, taking(duration=Input("integer", (5, 10))), {"seconds": 7}, {})


def test_other_inputs_are_passed_on_if_the_model_has_them_and_ours_win() -> None:
    known = taking(cfg_scale=Input("number"), duration=Input("integer"))
    given = {"cfg_scale": 0.5, "duration": 9, "prompt": "theirs"}
    assert fill(MODEL, known, {"prompt": "ours", "seconds": 5}, given) == {
        "cfg_scale": 0.5,
        "duration": 5,
        "prompt": "ours",
    }
    with pytest.raises(InvalidRequest) as raised:
        fill(MODEL, known, {"prompt": "ours"}, {"cfgscale": 0.5})
    assert raised.value.param == "cfgscale"


def test_of_a_model_that_cannot_be_asked_anything_may_be_passed_on() -> None:
    wanted = {"prompt": "a boat", "seconds": 5, "input_reference": "data:x", "seed": 7, "negative_prompt": "rain"}
    assert fill(MODEL, UNSEEN, wanted, {"fps": 24}) == {
        "prompt": "a boat",
        "duration": 5,
        "image": "data:x",
        "seed": 7,
        "negative_prompt": "rain",
        "fps": 24,
    }
    with pytest.raises(InvalidRequest):
        fill(MODEL, UNSEEN, {"size": "1280x720"}, {})


def test_the_names_are_our_fields_and_lead_back_to_them() -> None:
    assert NAMES.keys() <= VideoGenerationRequest.model_fields.keys()
    assert {OURS[name] for names in NAMES.values() for name in names} == NAMES.keys()
    assert place("seconds", taking(seconds=Input())) == "seconds"
