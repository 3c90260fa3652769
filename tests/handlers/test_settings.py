"""Settings: what is read, what is refused and in which words, and that secrets stay secret."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from handlers.settings import Settings, SettingsError, load

ROOT = Path(__file__).parents[2]
SECRET = "hunter2-very-secret"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without any setting."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)


def variables() -> set[str]:
    found: set[str] = set()
    for field in Settings.model_fields.values():
        alias = field.validation_alias
        found |= {alias} if isinstance(alias, str) else {str(each) for each in getattr(alias, "choices", [])}
    return found


def test_every_setting_has_a_variable_and_a_description() -> None:
    for name, field in Settings.model_fields.items():
        assert field.validation_alias is not None, name
        assert field.description, name


def test_with_nothing_set_it_is_a_sandbox_for_this_machine_only() -> None:
    settings = load()
    assert settings.loopback and settings.sandbox is None and settings.api_keys == {}


def test_keys_are_read_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELGATE_API_KEYS", f" alice:{SECRET} , bob:with:colons:in:it,")
    keys = {name: key.get_secret_value() for name, key in load().api_keys.items()}
    assert keys == {"alice": SECRET, "bob": "with:colons:in:it"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("REELGATE_MAX_BODY_MB", "0"),
        ("REELGATE_MAX_BODY_MB", "many"),
        ("REELGATE_WORKER", "perhaps"),
        ("REELGATE_SANDBOX", "perhaps"),
        ("REELGATE_TRACKING_CONCURRENCY", "0"),
        ("REELGATE_JOB_DEADLINE_MINUTES", "0"),
        ("REELGATE_JOB_DEADLINE_MINUTES", "nan"),
        ("REELGATE_WEBHOOK_PRIVATE", "perhaps"),
        ("REELGATE_WEBHOOK_RETRIES", "5,soon"),
        ("REELGATE_WEBHOOK_RETRIES", "5,,10"),
        ("REELGATE_WEBHOOK_RETRIES", "-1"),
        ("REELGATE_WEBHOOK_RETRIES", "nan"),
        ("REELGATE_WEBHOOK_RETRIES", "604801"),
        ("REELGATE_WEBHOOK_LOG_DAYS", "0"),
        ("REELGATE_LOG_DAYS", "0"),
        ("REELGATE_SANDBOX_JOB_SECONDS", "-1"),
        ("REELGATE_LOG_LEVEL", "loud"),
        ("REELGATE_LOG_FORMAT", "xml"),
        ("REELGATE_JWT_LEEWAY_SECONDS", "-1"),
        ("REELGATE_JWT_LEEWAY_SECONDS", "301"),
        ("REELGATE_JWT_LEEWAY_SECONDS", "nan"),
        ("REELGATE_ADMIN_USERNAME", "ada:lovelace"),
        ("REELGATE_API_KEYS", "no-colon"),
        ("REELGATE_API_KEYS", "alice:short"),
        ("REELGATE_API_KEYS", f":{SECRET}"),
        ("REELGATE_API_KEYS", f"alice:{SECRET},alice:{SECRET}x"),
        ("REELGATE_API_KEYS", f"admin:{SECRET}"),
        ("REELGATE_API_KEYS", f"alice:{SECRET}é"),
        ("REELGATE_API_KEYS", f"vk_01kafx3m9d7q2v8h5c4n6w0b1z:{SECRET}"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as raised:
        load()
    assert variable in str(raised.value)
    assert SECRET not in str(raised.value) and "pydantic" not in str(raised.value)


def test_a_key_that_has_the_name_of_the_admin_is_refused() -> None:
    with pytest.raises(SettingsError, match="REELGATE_API_KEYS"):
        load(api_keys=f"root:{SECRET}", admin_username="root")


def test_pauses_are_read_as_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().webhook_retries == (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
    monkeypatch.setenv("REELGATE_WEBHOOK_RETRIES", " 0.5, 10 ")
    assert load().webhook_retries == (0.5, 10)


def test_every_bad_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "abc")
    monkeypatch.setenv("REELGATE_LOG_LEVEL", "loud")
    with pytest.raises(SettingsError, match=r"(?s)PORT.*REELGATE_LOG_LEVEL"):
        load()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "reelgate.test"])
def test_others_are_not_let_in_without_keys(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HOST", host)
    with pytest.raises(SettingsError) as raised:
        load()
    for word in (f"HOST={host}", "REELGATE_API_KEYS=name:secret", "HOST=127.0.0.1"):
        assert word in str(raised.value)
    monkeypatch.setenv("REELGATE_API_KEYS", f"alice:{SECRET}")
    assert load().host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_needs_no_keys(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HOST", host)
    assert load().loopback


def test_keys_that_are_only_commas_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setenv("REELGATE_API_KEYS", " , ,")
    with pytest.raises(SettingsError):
        load()


def test_no_secret_is_in_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELGATE_API_KEYS", f"alice:{SECRET}")
    settings = load()
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        assert SECRET not in text


@pytest.mark.parametrize(
    "variable",
    [
        "REELGATE_JWT_SECRET",
        "REELGATE_ADMIN_PASSWORD",
        "REELGATE_ENCRYPTION_KEY",
        "REELGATE_ENCRYPTION_KEY_PREVIOUS",
    ],
)
def test_no_secret_of_access_is_in_a_repr(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, SECRET)
    settings = load()
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        assert SECRET not in text


def test_the_password_of_the_database_is_not_in_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://reelgate:{SECRET}@db/reelgate")
    assert SECRET not in repr(load())


@pytest.mark.parametrize("variable", ["DATABASE_URL", "PORT", "REELGATE_SANDBOX", "REELGATE_CONFIG"])
def test_an_empty_variable_is_as_if_it_were_not_set(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    expected = load()
    monkeypatch.setenv(variable, "")
    assert load() == expected


def test_one_secret_cannot_be_the_key_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELGATE_API_KEYS", f"alice:{SECRET},bob:{SECRET}")
    with pytest.raises(SettingsError):
        load()


@pytest.mark.parametrize("value", ["inf", "1e300"])
def test_a_deadline_that_no_clock_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("REELGATE_JOB_DEADLINE_MINUTES", value)
    with pytest.raises(SettingsError):
        load()


def test_nothing_is_read_at_import() -> None:
    code = "import handlers.app, handlers.server, handlers.settings; print('imported')"
    environment = os.environ | {"PORT": "abc", "REELGATE_API_KEYS": "x"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "imported", done.stderr
