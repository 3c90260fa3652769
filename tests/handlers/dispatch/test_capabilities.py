"""What a model cannot honour is refused by name, with what it can."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import MISSING

from generated.models import VideoGenerationRequest
from handlers.dispatch.capabilities import check, check_image, materials, with_defaults
from handlers.errors import InvalidRequest
from handlers.media.images import Image
from handlers.providers.catalog import ANYTHING, Capabilities, ImageLimits, catalog

LEAST = {"model": "x/y", "prompt": "a boat"}
IMAGE = {"input_reference": "https://x.test/i.png"}
VIDEO = {"video_uri": "https://x.test/v.mp4"}


def request(**fields: Any) -> VideoGenerationRequest:
    return VideoGenerationRequest.model_validate({**LEAST, **fields})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({}, ("text",)), (IMAGE, ("image",)), (VIDEO, ("video",)), (IMAGE | VIDEO, ("video", "image"))],
)
def test_the_materials_are_what_the_request_holds(fields: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert materials(request(**fields)) == expected


REFUSALS = [
    ("openai/sora-2", {"seconds": "5"}, "seconds", ("4, 8, 12, 16, 20",)),
    ("openai/sora-2", {"seconds": 5}, "seconds", ("4, 8, 12, 16, 20",)),
    ("openai/sora-2", {"size": "1920x1080"}, "size", ("720x1280, 1280x720",)),
    ("openai/sora-2", {"seed": 1}, "seed", ("leave it out",)),
    ("openai/sora-2", {"audio": False}, "audio", ("leave it out",)),
    ("openai/sora-2", {"negative_prompt": "rain"}, "negative_prompt", ("leave it out",)),
    ("openai/sora-2", VIDEO, "video_uri", ("input_reference", "a prompt alone")),
    ("runway/gen4.5", {"seconds": "11"}, "seconds", ("2, 3, 4, 5, 6, 7, 8, 9, 10",)),
    ("runway/gen4.5", {"size": "960x960"}, "size", ("1280x720, 720x1280",)),
    ("runway/gen4.5", {"size": "1920x1080", **IMAGE}, "size", ("1104x832", "960x960", "1584x672")),
    ("runway/gen4.5", {"audio": True}, "audio", ("leave it out",)),
    ("runway/gen4.5", {"prompt": "x" * 1001}, "prompt", ("1000", "1001")),
    ("runway/gen4.5", {"prompt": "😀" * 501}, "prompt", ("1000", "1002")),
    ("runway/gen4_turbo", {}, "input_reference", ("input_reference",)),
    ("runway/gen4_turbo", VIDEO, "video_uri", ("input_reference",)),
    ("runway/veo3.1", {"seconds": "5"}, "seconds", ("4, 6, 8",)),
    ("runway/aleph2", {}, "input_reference", ("video_uri",)),
    ("runway/aleph2", IMAGE, "input_reference", ("video_uri",)),
    ("runway/aleph2", {"negative_prompt": "rain", **VIDEO}, "negative_prompt", ("leave it out",)),
]


@pytest.mark.parametrize(("model", "fields", "param", "words"), REFUSALS)
def test_every_refusal_names_the_parameter_the_model_and_what_is_allowed(
    model: str, fields: dict[str, Any], param: str, words: tuple[str, ...]
) -> None:
    provider, _, name = model.partition("/")
    with pytest.raises(InvalidRequest) as raised:
        check(request(**fields), model, catalog()[provider][name])
    assert (raised.value.status, raised.value.code, raised.value.param) == (400, "unsupported_parameter", param)
    for word in (model, *words):
        assert word in raised.value.message


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("openai/sora-2", {}),
        ("openai/sora-2", {"seconds": 20, "size": "720x1280", "prompt": "x" * 32000, **IMAGE}),
        ("runway/gen4.5", {"size": "960x960", **IMAGE}),
        ("runway/gen4.5", {"prompt": "😀" * 500, "seed": 0}),
        ("runway/veo3.1", {"audio": True, "negative_prompt": "rain", "seed": 1, "seconds": "8"}),
        ("runway/aleph2", {"seed": 1, **VIDEO}),
    ],
)
def test_what_a_model_can_do_is_let_through(model: str, fields: dict[str, Any]) -> None:
    provider, _, name = model.partition("/")
    check(request(**fields), model, catalog()[provider][name])


def test_an_unknown_model_is_let_do_anything() -> None:
    everything = {"seconds": 999, "size": "99999x99999", "seed": 1, "audio": True, "negative_prompt": "x"}
    check(request(**everything, **IMAGE, **VIDEO), "x/y", ANYTHING)


def test_two_materials_for_a_model_that_takes_one_are_refused() -> None:
    with pytest.raises(InvalidRequest):
        check(request(**IMAGE, **VIDEO), "runway/aleph2", catalog()["runway"]["aleph2"])


def test_a_seed_beyond_the_models_range_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        check(request(seed=4294967296), "runway/gen4.5", catalog()["runway"]["gen4.5"])


def test_defaults_come_from_the_catalogue_only_and_only_where_something_is_missing() -> None:
    gen, sora = catalog()["runway"]["gen4.5"], catalog()["openai"]["sora-2"]
    filled = with_defaults(request(), gen)
    assert filled.seconds is not MISSING
    assert (filled.seconds.root, filled.size) == ("5", "1280x720")
    given = with_defaults(request(seconds=3, size="720x1280"), gen)
    assert given.seconds is not MISSING
    assert (given.seconds.root, given.size) == (3, "720x1280")
    half = with_defaults(request(seconds=3), gen)
    assert half.size == "1280x720"
    for can in (sora, Capabilities(), ANYTHING):
        assert with_defaults(request(), can) == request()


def test_the_request_itself_is_left_alone() -> None:
    asked = request(style="noir")
    filled = with_defaults(asked, catalog()["runway"]["gen4.5"])
    assert asked.seconds is MISSING
    assert filled.model_extra == {"style": "noir"}


def image(size: tuple[int, int] = (1280, 720), length: int = 100) -> Image:
    return Image(bytes(length), "image/png", size)


LIMITS = 5 * 1024 * 1024  # characters, with the head of 22
REFUSED_IMAGES = [
    ("openai/sora-2", {"size": "1280x720"}, image((720, 1280)), ("1280x720", "720x1280", "input_fit")),
    ("azure/sora-2-pro", {"size": "720x1280"}, image((719, 1280)), ("720x1280", "719x1280")),
    ("runway/gen4.5", {}, image(length=(LIMITS - 22) // 4 * 3 + 1), ("5242880", "data URL")),
    ("runway/veo3.1_fast", {}, image(length=20_000_000), ("5242880",)),
]


@pytest.mark.parametrize(("model", "fields", "given", "words"), REFUSED_IMAGES)
def test_an_image_beyond_the_limits_of_a_model_is_refused_by_their_name(
    model: str, fields: dict[str, Any], given: Image, words: tuple[str, ...]
) -> None:
    provider, _, name = model.partition("/")
    with pytest.raises(InvalidRequest) as raised:
        check_image(given, request(**fields), model, catalog()[provider][name])
    assert (raised.value.status, raised.value.param) == (400, "input_reference")
    assert raised.value.code == "unsupported_parameter"
    for word in (model, *words):
        assert word in raised.value.message


@pytest.mark.parametrize(
    ("model", "fields", "given"),
    [
        ("openai/sora-2", {"size": "1280x720"}, image()),
        ("openai/sora-2", {}, image((9, 9))),  # of which size the video will be is the provider's to say
        ("runway/gen4.5", {"size": "1280x720"}, image((9, 9), (LIMITS - 22) // 4 * 3)),
        ("vertex/veo-3.1-generate-001", {}, image(length=20_000_000)),
    ],
)
def test_an_image_within_the_limits_is_let_through(model: str, fields: dict[str, Any], given: Image) -> None:
    provider, _, name = model.partition("/")
    check_image(given, request(**fields), model, catalog()[provider][name])


def test_the_bytes_of_a_file_may_be_limited() -> None:
    can = Capabilities(image=ImageLimits(bytes=99))
    check_image(image(length=99), request(), "a/b", can)
    with pytest.raises(InvalidRequest, match="99 bytes; this one has 100"):
        check_image(image(), request(), "a/b", can)
