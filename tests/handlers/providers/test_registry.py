"""Which providers can be called, and what is said of those that cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from handlers.errors import InvalidRequest, NotFound, Unavailable, UnsupportedOperation
from handlers.providers.adapter import Adapter
from handlers.providers.registry import NAMED_BY_THE_CONTRACT, PROVIDERS, Registry, configured, for_server
from handlers.settings import load
from handlers.upstream import Upstream

OPENAI = {"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "https://api.openai.com/v1"}


def registry(**environment: str) -> Registry:
    """What a server makes of these environment variables."""
    settings = load(sandbox=False if environment else None, data_dir=Path("/nowhere"))
    return for_server(settings, configured(settings, environment), "http://127.0.0.1:8080", Upstream())


def test_every_adapter_is_named_by_the_contract_and_emulated() -> None:
    assert PROVIDERS.keys() <= NAMED_BY_THE_CONTRACT
    assert all(name == adapter.name for name, adapter in PROVIDERS.items())


def test_without_a_key_the_sandbox_serves_everything() -> None:
    built = registry()
    assert built.sandbox and built.providers.keys() == PROVIDERS.keys()
    for provider in built:
        account = provider.keys[0].account
        assert account.sandbox and account.base_url.startswith("http://127.0.0.1:8080/sandbox/")
        assert provider.closed is not provider.adapter.open_models and 0 < provider.poll_seconds <= 0.5


def test_an_openai_key_alone_configures_nothing_because_its_vendor_is_gone() -> None:
    assert registry(OPENAI_API_KEY="sk-1", RUNWAYML_API_SECRET="key-1").providers.keys() == {"runway"}


def test_only_what_has_a_key_is_configured() -> None:
    built = registry(**OPENAI)
    assert not built.sandbox and list(built.providers) == ["openai"]


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("runway", InvalidRequest, "provider_not_configured"),
        ("anthropic", UnsupportedOperation, "unsupported_operation"),
        ("nobody", NotFound, "provider_not_found"),
        ("", NotFound, "provider_not_found"),
        ("OpenAI", NotFound, "provider_not_found"),
    ],
)
def test_a_name_that_cannot_be_called_is_refused_with_the_reason(name: str, kind: type[Exception], code: str) -> None:
    with pytest.raises(kind) as raised:
        registry(**OPENAI).provider(name)
    assert getattr(raised.value, "code") == code  # noqa: B009


def test_at_its_vendor_a_provider_has_the_catalogues_models_only() -> None:
    vendor = registry(RUNWAYML_API_SECRET="key-1").provider("runway")
    assert vendor.capabilities("gen4.5").default_seconds == "5"
    with pytest.raises(NotFound) as raised:
        vendor.capabilities("gen9")
    assert (raised.value.code, raised.value.param) == ("model_not_found", "model")


def test_a_model_that_its_vendor_switched_off_is_gone_there_and_nowhere_else() -> None:
    with pytest.raises(NotFound) as raised:
        registry(**OPENAI).provider("openai").capabilities("sora-2")
    assert (raised.value.code, raised.value.param) == ("model_retired", "model")
    seconds = ("4", "8", "12", "16", "20")
    for elsewhere in (registry(OPENAI_API_KEY="sk-1", OPENAI_BASE_URL="http://10.0.0.1/v1"), registry()):
        assert elsewhere.provider("openai").capabilities("sora-2").seconds == seconds


def test_at_another_address_it_may_have_any_model() -> None:
    compatible = registry(OPENAI_API_KEY="sk-1", OPENAI_BASE_URL="http://10.0.0.1:8000/v1/").provider("openai")
    assert compatible.keys[0].account.base_url == "http://10.0.0.1:8000/v1"
    assert compatible.capabilities("Wan-AI/Wan2.2").seed


def test_a_slash_at_the_end_of_the_vendors_address_makes_no_difference() -> None:
    assert registry(OPENAI_API_KEY="sk-1", OPENAI_BASE_URL="https://api.openai.com/v1/").provider("openai").closed


def test_a_job_is_asked_about_where_it_was_made() -> None:
    built = registry(OPENAI_API_KEY="sk-1", OPENAI_BASE_URL="http://new.test/v1")
    assert built.account("openai", "default", "http://old.test/v1").base_url == "http://old.test/v1"
    assert built.account("openai", "default", None).base_url == "http://new.test/v1"


def test_the_sandbox_moves_with_the_server() -> None:
    built = registry()
    account = built.account("openai", "sandbox", "http://127.0.0.1:1/sandbox/openai/v1")
    assert account.base_url == "http://127.0.0.1:8080/sandbox/openai/v1"


@pytest.mark.parametrize(("provider", "key"), [("openai", "gone"), ("runway", "default"), ("openai", None)])
def test_a_key_that_is_gone_is_said_to_be_gone(provider: str, key: str | None) -> None:
    with pytest.raises(Unavailable) as raised:
        registry(**OPENAI).account(provider, key, None)
    assert raised.value.headers == {"Retry-After": "60"}


def test_no_secret_is_shown() -> None:
    assert "sk-1" not in repr(registry(**OPENAI))


def test_an_operation_that_is_not_overridden_is_not_supported() -> None:
    class Bare(Adapter):
        name = "bare"

    assert not any(Bare.supports(operation) for operation in ("generate", "retrieve", "source", "delete", "remix"))
    assert all(PROVIDERS["openai"].supports(each) for each in ("generate", "retrieve", "source", "delete", "remix"))
