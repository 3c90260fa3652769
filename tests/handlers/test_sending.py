"""What follows from an attempt to deliver a webhook, and how it is signed. Nothing is sent here; see test_webhooks.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks

from handlers.jobs.deliveries import Due
from handlers.jobs.sending import JITTER, LONGEST, follows, headers
from handlers.jobs.webhooks import _secret
from handlers.upstream import Reply

RETRIES = (5.0, 300.0)
DUE = Due(
    id="msg_1",
    webhook_id="webhook_1",
    owner="alice",
    event="video.completed",
    url="https://studio.example/hook",
    named=False,
    payload='{"type": "é"}',
    tries=0,
    secret=_secret(),
    old_secret=None,
    old_secret_until=None,
)


def reply(status: int, **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-").title(): value for name, value in headers.items()}, b"")


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_2xx_is_success(status: int) -> None:
    assert follows(reply(status), 1, RETRIES) == ("delivered", None)
    assert follows(reply(status), 99, RETRIES) == ("delivered", None)


@pytest.mark.parametrize("answer", [None, *map(reply, (100, 301, 302, 304, 400, 401, 404, 429, 500, 503, 599))])
def test_everything_else_is_tried_again_after_the_pauses_of_the_setting_and_then_given_up(answer: Reply | None) -> None:
    for tries, pause in enumerate(RETRIES, start=1):
        status, wait = follows(answer, tries, RETRIES)
        assert status == "pending" and wait is not None
        assert pause <= wait <= pause * (1 + JITTER)
    assert follows(answer, len(RETRIES) + 1, RETRIES) == ("failed", None)


def test_gone_is_believed_at_once() -> None:
    assert follows(reply(410), 1, RETRIES) == ("failed", None)


def test_without_retries_there_is_one_attempt() -> None:
    assert follows(None, 1, ()) == ("failed", None)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_receiver_who_asks_for_time_gets_it(status: int) -> None:
    _, wait = follows(reply(status, retry_after="60"), 1, RETRIES)
    assert wait is not None and 60 <= wait <= 60 * (1 + JITTER)


def test_but_a_day_at_most_and_never_less_than_the_pause() -> None:
    for asked in ("99999999", "9" * 400):
        _, wait = follows(reply(503, retry_after=asked), 1, RETRIES)
        assert wait is not None and wait <= LONGEST * (1 + JITTER)
    for asked in ("0", "1", "soon", "-5"):
        _, wait = follows(reply(503, retry_after=asked), 1, RETRIES)
        assert wait is not None and wait >= RETRIES[0]


def test_what_asks_for_no_time_has_no_say_in_it() -> None:
    _, wait = follows(reply(500, retry_after="60"), 1, RETRIES)
    assert wait is not None and wait <= RETRIES[0] * (1 + JITTER)


def test_the_pauses_differ_so_that_not_all_come_back_together() -> None:
    assert len({follows(None, 1, RETRIES)[1] for _ in range(20)}) > 10


def test_the_official_verifier_accepts_the_signature() -> None:
    now = datetime.now(UTC)  # not when this module was imported: the verifier takes nothing that is five minutes old
    signed = headers(DUE, now)
    assert standardwebhooks.Webhook(DUE.secret).verify(DUE.payload.encode(), signed) == {"type": "é"}
    assert signed["webhook-timestamp"] == str(int(now.timestamp()))


def test_a_rotated_secret_signs_until_its_grace_is_over() -> None:
    old = _secret()
    now = datetime.now(UTC)
    during = replace(DUE, old_secret=old, old_secret_until=now + timedelta(seconds=1))
    signed = headers(during, now)
    assert len(signed["webhook-signature"].split(" ")) == 2
    for secret in (old, DUE.secret):
        standardwebhooks.Webhook(secret).verify(DUE.payload, signed)
    after = headers(replace(during, old_secret_until=now), now)
    standardwebhooks.Webhook(DUE.secret).verify(DUE.payload, after)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(old).verify(DUE.payload, after)


def test_a_secret_is_32_bytes_and_in_no_repr() -> None:
    secret = _secret()
    assert secret.startswith("whsec_") and len(secret) == len("whsec_") + 44
    assert DUE.secret not in repr(DUE) and "é" not in repr(DUE)
