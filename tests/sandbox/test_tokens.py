"""Permissions in URLs."""

import pytest

from sandbox.tokens import BadToken, sign, verify

SECRET = b"s" * 32


def test_a_token_gives_its_claims_back_until_it_expires() -> None:
    token = sign({"exp": 100, "of": "a clip"}, SECRET)
    assert verify(token, SECRET, now=99.9) == {"exp": 100, "of": "a clip"}
    with pytest.raises(BadToken, match="expired"):
        verify(token, SECRET, now=100.0)


def test_a_token_that_was_touched_is_refused() -> None:
    head, body, seal = sign({"exp": 100}, SECRET).split(".")
    other = sign({"exp": 999}, SECRET).split(".")[1]
    for bad in (f"{head}.{other}.{seal}", f"{head}.{body}.", f"{body}.{seal}", "", "é.é.é", f"{head}.{body}.{seal}x"):
        with pytest.raises(BadToken):
            verify(bad, SECRET, now=0.0)
    with pytest.raises(BadToken):
        verify(f"{head}.{body}.{seal}", b"another", now=0.0)
