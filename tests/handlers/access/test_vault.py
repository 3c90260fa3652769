"""Secrets at rest: what is sealed opens again, and only where and with what it was sealed."""

from __future__ import annotations

from base64 import urlsafe_b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from handlers.access.vault import PREFIX, Vault, VaultError, is_sealed, vault
from handlers.settings import Settings, SettingsError

NEW, OLD = SecretStr("a new encryption key"), SecretStr("an old encryption key")
VAULT = Vault(NEW)
SEALED = VAULT.seal("key_of_the_provider", "key_1")

KNOWN = "enc:v1:Xamxzot2osjJPbdx6llKDn91YfumnxkN_DpXaWaKuezltSqhTlHAJSxT0U4vwgs="
"""What was sealed when this was written: it must open for as long as there is a `v1`."""


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_in_its_context(text: str, context: str) -> None:
    sealed = VAULT.seal(text, context)
    assert is_sealed(sealed) and (not text or len(text) < 4 or text not in sealed)
    assert VAULT.open(sealed, context) == text


def test_the_same_text_is_never_sealed_the_same() -> None:
    assert len({VAULT.seal("x", "key_1") for _ in range(100)}) == 100


def test_another_process_opens_it() -> None:
    assert Vault(NEW).open(SEALED, "key_1") == "key_of_the_provider"


@pytest.mark.parametrize("context", ["key_2", "", "key_1 ", "KEY_1"])
def test_a_text_that_was_moved_does_not_open(context: str) -> None:
    with pytest.raises(VaultError, match="REELGATE_ENCRYPTION_KEY"):
        VAULT.open(SEALED, context)


@given(place=st.integers(len(PREFIX), len(SEALED) - 1), character=st.sampled_from("ABCxyz019-_=+/ é\n"))
def test_a_text_with_any_other_character_does_not_open(place: int, character: str) -> None:
    changed = SEALED[:place] + character + SEALED[place + 1 :]
    if changed != SEALED:
        with pytest.raises(VaultError):
            VAULT.open(changed, "key_1")


@pytest.mark.parametrize("more", [" ", "\n", "=", "!", "é"])
@pytest.mark.parametrize("place", [len(PREFIX), 20, len(SEALED)])
def test_a_text_with_one_character_more_does_not_open(place: int, more: str) -> None:
    with pytest.raises(VaultError):
        VAULT.open(SEALED[:place] + more + SEALED[place:], "key_1")


@pytest.mark.parametrize("length", range(len(PREFIX), len(SEALED)))
def test_a_text_that_was_cut_does_not_open(length: int) -> None:
    with pytest.raises(VaultError, match="REELGATE_ENCRYPTION_KEY"):
        VAULT.open(SEALED[:length], "key_1")


@pytest.mark.parametrize(
    "text",
    ["", "key_of_the_provider", "enc:", "enc:v1", "enc:v2:" + SEALED[7:], SEALED[7:]],
    ids=["nothing", "clear", "half a prefix", "a prefix", "another version", "no prefix"],
)
def test_what_is_not_sealed_does_not_open(text: str) -> None:
    assert not is_sealed(text)
    with pytest.raises(VaultError, match="not encrypted"):
        VAULT.open(text, "key_1")


def test_after_the_key_is_changed_the_one_before_still_opens_and_the_new_one_seals() -> None:
    sealed = Vault(OLD).seal("x", "key_1")
    both = Vault(NEW, OLD)
    assert both.open(sealed, "key_1") == "x"
    again = both.seal("x", "key_1")
    assert Vault(NEW).open(again, "key_1") == "x"
    with pytest.raises(VaultError, match="REELGATE_ENCRYPTION_KEY_PREVIOUS"):
        Vault(NEW).open(sealed, "key_1")
    with pytest.raises(VaultError):
        Vault(OLD).open(again, "key_1")


def test_without_a_key_nothing_is_sealed_or_opened() -> None:
    without = Vault(None)
    assert not without.sealed and VAULT.sealed
    with pytest.raises(VaultError, match="set REELGATE_ENCRYPTION_KEY"):
        without.seal("x", "key_1")
    with pytest.raises(VaultError, match="set REELGATE_ENCRYPTION_KEY"):
        without.open(SEALED, "key_1")


def test_no_message_shows_a_secret() -> None:
    with pytest.raises(VaultError) as raised:
        Vault(OLD).open(SEALED, "key_1")
    assert not any(word in str(raised.value) for word in (SEALED, "an old", "a new", "key_of"))


def test_the_format_is_nonce_ciphertext_and_tag() -> None:
    content = urlsafe_b64decode(VAULT.seal("1234567", "key_1").removeprefix(PREFIX))
    assert len(content) == 12 + 7 + 16


@pytest.mark.parametrize(
    ("key", "previous", "words"),
    [
        ("fifteen letters", None, "REELGATE_ENCRYPTION_KEY must have 16"),
        ("sixteen letters!", "short", "REELGATE_ENCRYPTION_KEY_PREVIOUS must have 16"),
        (None, "sixteen letters!", "set REELGATE_ENCRYPTION_KEY too"),
    ],
)
def test_keys_that_cannot_be_used_are_told_by_their_variable(key: str | None, previous: str | None, words: str) -> None:
    given_keys = {"encryption_key": key, "encryption_key_previous": previous}
    with pytest.raises(SettingsError, match=words):
        vault(Settings(**{name: SecretStr(value) for name, value in given_keys.items() if value is not None}))
    with pytest.raises(SettingsError):
        Vault(SecretStr(""))


def test_what_the_first_version_has_sealed_opens() -> None:
    assert VAULT.open(KNOWN, "key_1") == "key_of_the_provider"
