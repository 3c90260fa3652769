"""A job's life, as tables."""

from __future__ import annotations

from handlers.jobs import states, tables
from handlers.jobs.states import BEFORE, NEXT, TERMINAL, TRACKED, WIRE

EVERY = {"submitting", "queued", "in_progress", "storing", "completed", "failed", "unknown"}


def test_every_table_knows_every_state() -> None:
    assert EVERY == NEXT.keys() == BEFORE.keys() == WIRE.keys()
    assert set().union(*NEXT.values()) <= EVERY


def test_nothing_follows_an_end() -> None:
    assert all(not NEXT[state] for state in TERMINAL)
    assert {state for state, nexts in NEXT.items() if not nexts} == TERMINAL


def test_before_is_next_read_backwards() -> None:
    for state, before in BEFORE.items():
        assert before == {each for each in EVERY if state in NEXT[each]}


def test_every_state_can_end_and_only_an_accepted_job_is_submitted_again() -> None:
    assert all("failed" in NEXT[state] for state in EVERY - TERMINAL)
    assert BEFORE["completed"] == {"storing"}, "what is completed has a file"
    assert BEFORE["submitting"] == TRACKED, "by failover: job"
    assert BEFORE["unknown"] == {"submitting"}


def test_the_database_knows_the_same_states() -> None:
    (check,) = [each for each in tables.jobs.constraints if each.name == "jobs_state_known"]
    text = str(getattr(check, "sqltext", ""))
    assert all(f"'{state}'" in text for state in EVERY)


def test_only_the_contracts_words_are_on_the_wire() -> None:
    assert {word.value for word in WIRE.values()} == {"queued", "in_progress", "completed", "failed"}
    assert {"queued", "in_progress", "storing"} == TRACKED
    assert states.UNKNOWN not in TERMINAL
