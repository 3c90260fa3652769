"""Which models a virtual key, and a key of a provider, may be used for, however somebody writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from handlers.access.grants import Grant, ProviderConfig, demand_pattern
from handlers.configuration import Key, as_written
from handlers.errors import InvalidRequest
from handlers.providers.pricing import Order, Override, Patch, PriceBook
from handlers.providers.replicate import Replicate
from tests.gateway import running
from tests.handlers.governance.admin import Admin
from tests.handlers.wire import standalone_sandbox

VERSION = "5f2c" * 16
OTHER = "0a1b" * 16
VEO = "google/veo-3"


@pytest.mark.parametrize(
    ("allowed", "denied", "model", "may"),
    [
        (["*"], [VEO], VEO, False),
        (["*"], [VEO], "Google/Veo-3", False),
        (["*"], [VEO], f"{VEO}:{VERSION}", False),
        (["*"], ["Google/VEO-3"], f"google/Veo-3:{VERSION.upper()}", False),
        (["*"], [VEO], VERSION, False),
        (["*"], [VEO], VERSION.upper(), False),
        (["*"], [VEO], "google/veo-3-fast", True),
        (["*"], [], VERSION, True),
        ([VEO], [], "Google/veo-3", True),
        ([VEO], [], f"{VEO}:{VERSION}", True),
        ([VEO], [], VERSION, False),
        ([VEO], [], f"google/veo-2:{VERSION}", False),
        (["Google/Veo-3"], [], VEO, True),
        ([f"{VEO}:{VERSION}"], [], f"{VEO}:{VERSION}", True),
        ([f"{VEO}:{VERSION}"], [], f"{VEO}:{OTHER}", False),
        ([f"{VEO}:{VERSION}"], [], VEO, False),
        (["*"], [f"{VEO}:{VERSION}"], f"Google/veo-3:{VERSION}", False),
        (["*"], [f"{VEO}:{VERSION}"], VERSION, False),
        ([VERSION], [], VERSION, True),
        ([VERSION], [], OTHER, False),
        (["deployments/me/mine"], [], "deployments/me/mine", True),
        ([], [], VEO, False),
    ],
)
def test_a_model_is_judged_by_its_name(allowed: Sequence[str], denied: Sequence[str], model: str, may: bool) -> None:
    config = ProviderConfig("replicate", allowed_models=allowed, blacklisted_models=denied)
    assert Grant("vk_1", "one", providers={"replicate": config}).allows("replicate", model, Replicate().names) is may
    key = Key(name="main", models=tuple(allowed), blacklisted_models=tuple(denied))
    assert key.allows(model, Replicate().names) is may


@pytest.mark.parametrize("model", [VEO, "GOOGLE/veo-3", f"{VEO}:{VERSION}", VERSION])
def test_so_is_one_for_which_there_is_an_expression(model: str) -> None:
    denies = ProviderConfig("replicate", blacklisted_models=["regex:google/veo-3"])
    allows = ProviderConfig("replicate", allowed_models=["regex:google/veo-3"])
    assert not denies.allows(model, Replicate().names)
    assert allows.allows(model, Replicate().names) is (model != VERSION)


def test_elsewhere_a_model_has_one_name() -> None:
    denies = ProviderConfig("sgl", blacklisted_models=["Wan-AI/Wan2.2"])
    assert not denies.allows("Wan-AI/Wan2.2", as_written) and denies.allows("wan-ai/wan2.2", as_written)


@pytest.mark.parametrize("pattern", [VEO, "Google/Veo-3", "google/*", "GOOGLE/Veo*"])
@pytest.mark.parametrize("model", [VEO, "google/VEO-3", f"{VEO}:{VERSION}"])
def test_a_price_is_that_of_the_name(pattern: str, model: str) -> None:
    match = "wildcard" if pattern.endswith("*") else "exact"
    price = Override(
        id="price_1", name="veo", match_type=match, pattern=pattern, patch=Patch.model_validate({"usd_per_video": 3})
    )
    book = PriceBook({}).with_overrides([price])
    assert book.prices(None, Order("replicate", model, naming=Replicate().names))
    assert not book.prices(None, Order("replicate", VERSION, naming=Replicate().names))


def test_the_gateway_refuses_what_is_denied_however_it_is_written(tmp_path: Path) -> None:
    made = {"name": "no-veo", "provider_configs": [{"provider": "replicate", "blacklisted_models": [VEO]}]}
    with running(tmp_path, admin_password="correct horse battery") as gateway:
        admin = {"auth": ("admin", "correct horse battery")}
        answer = gateway.ask("POST", "/api/governance/virtual-keys", None, json=made, **admin)
        value = answer.json()["virtual_key"]["value"]
        for model in (VEO, "Google/Veo-3", f"{VEO}:{VERSION}", VERSION):
            body = {"model": f"replicate/{model}", "prompt": "x [sandbox:no-render]"}
            refused = gateway.ask("POST", "/v1/videos", value, json=body)
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "model_blocked"), model


@pytest.mark.parametrize("called", ["the-id-of-it", "main"])
def test_a_key_that_is_granted_by_its_id_or_name_makes_a_video_and_its_remix(tmp_path: Path, called: str) -> None:
    with standalone_sandbox(tmp_path / "upstream") as upstream:
        key = {"name": "main", "id": "the-id-of-it", "value": "sk-sandbox-own-secret"}
        studio = {"keys": [key], "network_config": {"base_url": f"{upstream}/openai/v1"}}
        with running(tmp_path, configuration={"providers": {"openai": studio}}, api_keys="") as gateway:
            made = Admin(gateway).key(provider_configs=[{"provider": "openai", "key_ids": [called]}])
            video = gateway.create(model="openai/sora-2", key=made["value"])
            assert gateway.finished(video["id"], key=made["value"])["status"] == "completed"
            path = f"/v1/videos/{video['id']}/remix"
            remixed = gateway.ask("POST", path, made["value"], json={"prompt": "snow [sandbox:no-render]"})
            assert remixed.status_code == 200, remixed.text


@pytest.mark.parametrize("name", ["gen4*", "*4", "runway/gen4.5", "regex:("])
def test_what_fits_no_model_is_no_pattern(name: str) -> None:
    with pytest.raises(InvalidRequest):
        demand_pattern(name, "runway")


@pytest.mark.parametrize("name", ["*", "gen4.5", "regex:gen4.*", "xai/gen4"])
def test_what_may_fit_one_is(name: str) -> None:
    demand_pattern(name, "runway")
