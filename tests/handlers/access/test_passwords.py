"""The admin's password: what is right, what is wrong, and what guessing leads to."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

import argon2
import pytest
from pydantic import SecretStr

from handlers.access.passwords import AT_ONCE, MINUTE, WRONG, Admin, Password, admin, hashed
from handlers.errors import TooManyAttempts
from handlers.settings import Settings, SettingsError, load

RIGHT = "correct horse battery"
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Hashes as they are, only quicker."""


@dataclass
class Clock:
    """A clock that is set by hand, in seconds."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Counting(Password):
    """A password that counts how often it is computed, and how often at the same time."""

    computed: int = 0
    at_once: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        super().__init__(SecretStr(CHEAP.hash(RIGHT)))

    async def matches(self, attempt: str) -> bool:
        with self.lock:
            self.computed += 1
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        try:
            return await super().matches(attempt)
        finally:
            with self.lock:
                self.at_once -= 1


def door(clock: Clock | None = None) -> tuple[Admin, Counting]:
    password = Counting()
    return Admin("ada", password, clock or Clock()), password


# ---- passwords ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [RIGHT, CHEAP.hash(RIGHT), hashed(RIGHT)], ids=["plain", "hash", "our hash"])
async def test_a_password_is_plain_text_or_its_hash(secret: str) -> None:
    password = Password(SecretStr(secret))
    assert await password.matches(RIGHT)
    for wrong in (
        "",
        RIGHT[:-1],
        RIGHT + " ",
        RIGHT.upper(),
        secret if secret != RIGHT else "x",
        "ümlaut",
        "x" * 100_000,
    ):
        assert not await password.matches(wrong)


async def test_a_password_may_have_any_characters() -> None:
    assert await Password(SecretStr("pässwörter:🔑\0 ")).matches("pässwörter:🔑\0 ")


@pytest.mark.parametrize(
    "secret",
    [
        "eleven char",
        "$argon2id$",
        CHEAP.hash(""),
        CHEAP.hash(RIGHT)[:-6],  # five fewer can be base64 of something shorter
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$",
        "$argon2id$v=19$m=x,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
        argon2.PasswordHasher(type=argon2.Type.I, time_cost=1, memory_cost=8, parallelism=1).hash(RIGHT),
    ],
    ids=["short", "no hash", "of nothing", "cut", "no digest", "no number", "argon2i"],
)
def test_a_password_that_cannot_be_used_is_told_by_its_variable(secret: str) -> None:
    with pytest.raises(SettingsError) as raised:
        admin(Settings(admin_password=SecretStr(secret)))
    assert str(raised.value).startswith("REELGATE_ADMIN_PASSWORD cannot be used.")
    assert secret not in str(raised.value)


def test_a_hash_is_argon2id_and_never_the_same() -> None:
    first, second = hashed(RIGHT), hashed(RIGHT)
    assert first != second
    assert argon2.extract_parameters(first).type is argon2.Type.ID


def test_without_a_password_there_is_no_admin() -> None:
    assert admin(Settings()) is None


async def test_the_admin_is_called_as_is_set() -> None:
    named = admin(Settings(admin_username="ada", admin_password=SecretStr(CHEAP.hash(RIGHT))))
    assert named is not None
    assert await named.admits("ada", RIGHT)
    assert not await named.admits("admin", RIGHT)


@pytest.mark.parametrize("name", ["a:b", ":"])
def test_a_name_that_basic_cannot_carry_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELGATE_ADMIN_USERNAME", name)
    with pytest.raises(SettingsError, match="REELGATE_ADMIN_USERNAME"):
        load()


# ---- who is let in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("ada", "wrong"),
        ("bob", RIGHT),
        ("", RIGHT),
        ("ada", ""),
        ("ADA", RIGHT),
        ("ada\0", RIGHT),
        ("ada" + RIGHT[0], RIGHT[1:]),
    ],
)
async def test_a_wrong_name_costs_what_a_wrong_password_costs(username: str, password: str) -> None:
    there, counting = door()
    assert not await there.admits(username, password)
    assert counting.computed == 1
    assert await there.admits("ada", RIGHT)
    assert not await there.admits(username, password)
    assert counting.computed == 3, "what was wrong is not remembered"


async def test_a_right_pair_is_computed_once() -> None:
    there, counting = door()
    for _ in range(50):
        assert await there.admits("ada", RIGHT)
    assert counting.computed == 1


async def test_many_requests_with_the_right_pair_at_once_are_computed_once() -> None:
    there, counting = door()
    assert all(await asyncio.gather(*(there.admits("ada", RIGHT) for _ in range(100))))
    assert counting.computed == 1


async def test_after_ten_wrong_pairs_in_a_minute_none_is_computed() -> None:
    clock = Clock()
    there, counting = door(clock)
    for number in range(WRONG):
        assert not await there.admits("ada", f"guess {number}")
        clock.at += 2
    for pair in (("ada", "another guess"), ("bob", "another"), ("ada", RIGHT)):
        with pytest.raises(TooManyAttempts) as raised:
            await there.admits(*pair)
        error = raised.value
        assert (error.status, error.code) == (429, "too_many_attempts")
        assert error.headers == {"Retry-After": str(int(MINUTE) - 2 * WRONG)}
    assert counting.computed == WRONG
    clock.at += MINUTE - 2 * WRONG
    assert await there.admits("ada", RIGHT)


@pytest.mark.parametrize("later", [0, 3600])
async def test_who_is_remembered_is_let_in_while_others_guess(later: float) -> None:
    clock = Clock()
    there, _ = door(clock)
    assert await there.admits("ada", RIGHT)
    clock.at += later
    for number in range(WRONG):
        await there.admits("ada", f"guess {number}")
    with pytest.raises(TooManyAttempts):
        await there.admits("ada", "another guess")
    assert await there.admits("ada", RIGHT)


async def test_guesses_that_are_sent_at_once_are_ten_guesses() -> None:
    there, counting = door()
    guesses = (there.admits("ada", f"guess {number}") for number in range(200))
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert answers.count(False) == counting.computed == WRONG
    assert sum(isinstance(answer, TooManyAttempts) for answer in answers) == 200 - WRONG
    assert counting.most == AT_ONCE


async def test_who_goes_away_has_guessed_all_the_same() -> None:
    there, counting = door()
    for number in range(WRONG):
        leaving = asyncio.create_task(there.admits("ada", f"guess {number}"))
        await asyncio.sleep(0)
        leaving.cancel()
    with pytest.raises(TooManyAttempts):
        await there.admits("ada", "another guess")
    async with asyncio.timeout(10):
        while counting.computed < WRONG or counting.at_once:  # noqa: ASYNC110  they are computed in threads
            await asyncio.sleep(0.01)
    with pytest.raises(TooManyAttempts):
        await there.admits("ada", "another guess")


def test_the_event_loop_is_free_while_a_password_is_computed() -> None:
    async def both() -> bool:
        computing = asyncio.create_task(Password(SecretStr(hashed(RIGHT))).matches(RIGHT))
        turns = 0
        while not computing.done():
            turns += 1
            await asyncio.sleep(0)
        return turns > 100 and computing.result()

    assert asyncio.run(both())
