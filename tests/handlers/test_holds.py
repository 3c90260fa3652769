"""What is held and used of meters, against a model: one job after another, and two transactions at once on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from handlers.jobs import holds
from handlers.jobs.access_tables import meters
from handlers.jobs.database import engine_for
from handlers.jobs.holds import BILLED, COUNTED, NOTHING, Exhausted
from tests.handlers.test_ledger import database, psycopg_url

__all__ = ["database"]

KINDS = {
    "budget_a": ("usd", "1h", Decimal("1")),
    "budget_b": ("usd", None, Decimal("1.5")),
    "limit_c": ("concurrent", None, Decimal("3")),
    "limit_d": ("requests", "1d", Decimal("6")),
    "limit_e": ("seconds", "1w", Decimal("20")),
}
"""Meter -> its metric, its window, its maximum."""

AMOUNTS = {
    "usd": st.decimals("0", "0.9", places=6, allow_nan=False),
    "seconds": st.integers(0, 9).map(Decimal),
    "concurrent": st.just(Decimal(1)),
    "requests": st.just(Decimal(1)),
}
WANTED = st.fixed_dictionaries({}, optional={name: AMOUNTS[metric] for name, (metric, *_) in KINDS.items()})
CAME_TO = st.fixed_dictionaries({"usd": AMOUNTS["usd"], "seconds": AMOUNTS["seconds"]})


@dataclass(frozen=True)
class Meters:
    """The model: what is used of each meter, and what each job holds."""

    used: Mapping[str, Decimal] = field(default_factory=lambda: dict.fromkeys(KINDS, NOTHING))
    jobs: Mapping[int, Mapping[str, Decimal]] = field(default_factory=dict)

    def held(self, meter: str) -> Decimal:
        return sum((held.get(meter, NOTHING) for held in self.jobs.values() if meter not in COUNTED_HERE), NOTHING)

    def reserved(self, job: int, wanted: Mapping[str, Decimal]) -> Meters | None:
        """None: something is exhausted."""
        has = self.jobs.get(job, {})
        for meter, amount in wanted.items():
            maximum, taken = KINDS[meter][2], self.used[meter] + self.held(meter)
            more = amount - has.get(meter, NOTHING)
            if taken + more > maximum and more > 0:
                return None
            if taken >= maximum and meter not in has:
                return None
        new = {meter: Decimal(1) for meter in wanted if meter in COUNTED_HERE and meter not in has}
        used = {meter: amount + new.get(meter, NOTHING) for meter, amount in self.used.items()}
        counted = {meter: amount for meter, amount in has.items() if meter in COUNTED_HERE}
        return Meters(used, {**self.jobs, job: {**counted, **wanted}})

    def moved_on(self, job: int, came_to: Mapping[str, Decimal], wanted: Mapping[str, Decimal]) -> Meters | None:
        """Settled, but for what is not billed, and reserved anew."""
        has = self.jobs[job]
        more = {meter: came_to.get(KINDS[meter][0], NOTHING) for meter in has}
        used = {meter: amount + more.get(meter, NOTHING) for meter, amount in self.used.items()}
        left = {meter: NOTHING if KINDS[meter][0] in BILLED else amount for meter, amount in has.items()}
        return Meters(used, {**self.jobs, job: left}).reserved(job, wanted)

    def settled(self, job: int, came_to: Mapping[str, Decimal]) -> Meters:
        more = {meter: came_to.get(KINDS[meter][0], NOTHING) for meter in self.jobs[job]}
        used = {meter: amount + more.get(meter, NOTHING) for meter, amount in self.used.items()}
        return Meters(used, {number: held for number, held in self.jobs.items() if number != job})


COUNTED_HERE = frozenset(meter for meter, (metric, *_) in KINDS.items() if metric in COUNTED)


@dataclass(frozen=True)
class Act:
    """What a transaction does to a job. `job` counts modulo those that there are; without `wanted` it settles.

    With `wanted` it reserves, and settles before that if it `moves` on.
    """

    job: int
    new: bool
    moves: bool
    wanted: Mapping[str, Decimal] | None
    came_to: Mapping[str, Decimal]
    commits: bool

    def on(self, model: Meters, number: int) -> tuple[int, Act] | None:
        """The job that is meant, or None if there is none."""
        if self.new:
            return number, replace(self, wanted=self.wanted or {}, moves=False)
        known = sorted(model.jobs)
        return (known[self.job % len(known)], self) if known else None


ACTS = st.builds(
    Act,
    st.integers(0, 9),
    st.booleans(),
    st.booleans(),
    st.none() | WANTED,
    CAME_TO,
    st.sampled_from([True, True, True, False]),
)


class Machine(RuleBasedStateMachine):
    url: str

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.engine = engine_for(psycopg_url(self.url))
        self.model, self.next = Meters(), 0
        self.loop.run_until_complete(self._begin())

    async def _begin(self) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text("DELETE FROM meters"))
            for meter, (metric, duration, maximum) in KINDS.items():
                kind, _, _ = meter.partition("_")
                values = {"kind": "budget" if kind == "budget" else "rate_limit", "metric": metric, "scope": "team"}
                row = {**values, "id": meter, "scope_id": "t", "maximum": maximum, "reset_duration": duration}
                await connection.execute(insert(meters).values(**row))

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.run_until_complete(self.engine.dispose())
            self.loop.close()

    @rule(act=ACTS)
    def alone(self, act: Act) -> None:
        self.loop.run_until_complete(self._both(act, None))

    @rule(first=ACTS, second=ACTS)
    def at_once(self, first: Act, second: Act) -> None:
        """The second begins while the first is under way, and waits for it where both touch a meter."""
        self.loop.run_until_complete(self._both(first, second))

    @rule(meter=st.sampled_from([name for name, (_, duration, _) in KINDS.items() if duration is not None]))
    def a_window_is_over(self, meter: str) -> None:
        self.loop.run_until_complete(self._set_back(meter))
        self.model = replace(self.model, used={**self.model.used, meter: NOTHING})

    async def _set_back(self, meter: str) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(
                text("UPDATE meters SET window_began = window_began - interval '8 days' WHERE id = :id"), {"id": meter}
            )

    async def _both(self, first: Act, second: Act | None) -> None:
        begun = first.on(self.model, self.next)
        self.next += 1
        if begun is None:
            return
        job, act = begun
        # Two placers of one job there are not; what the second does is decided while the first is not over.
        others = replace(self.model, jobs={number: held for number, held in self.model.jobs.items() if number != job})
        other = second.on(others, self.next) if second is not None else None
        self.next += 1
        before = {number: self.model.jobs.get(number) for number in (job, other[0] if other is not None else job)}
        async with self.engine.connect() as one, self.engine.connect() as two:
            done = await self._do(one, act, before[job])
            waiting = asyncio.create_task(self._do(two, other[1], before[other[0]])) if other is not None else None
            await asyncio.sleep(0.002)  # in which it comes to wait, where it has to
            await self._end(one, act, done)
            self._expect(job, act, done)
            if other is not None and waiting is not None:
                done = await asyncio.wait_for(waiting, 20)
                await self._end(two, other[1], done)
                self._expect(other[0], other[1], done)

    async def _do(
        self, connection: AsyncConnection, act: Act, has: Mapping[str, Decimal] | None
    ) -> Mapping[str, Decimal] | None:
        """What the job holds then; None: there was not enough."""
        had = has or {}
        try:
            if act.wanted is None:
                await holds.settle(connection, had, act.came_to)
                return {}
            if act.moves:
                standing = await holds.move_on(connection, had, act.came_to, act.wanted)
            else:
                standing = await holds.reserve(connection, act.wanted, had)
            return holds.then(standing, act.wanted, had)
        except Exhausted:
            return None

    async def _end(self, connection: AsyncConnection, act: Act, done: Mapping[str, Decimal] | None) -> None:
        await (connection.commit() if done is not None and act.commits else connection.rollback())

    def _expect(self, job: int, act: Act, done: Mapping[str, Decimal] | None) -> None:
        if act.wanted is None:
            after: Meters | None = self.model.settled(job, act.came_to)
        elif act.moves:
            after = self.model.moved_on(job, act.came_to, act.wanted)
        else:
            after = self.model.reserved(job, act.wanted)
        assert done == (None if after is None else after.jobs.get(job, {})), (job, act)
        if after is not None and act.commits:
            self.model = after

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "loop"):
            return
        shown = self.loop.run_until_complete(self._shown())
        expected = {meter: (self.model.used[meter], self.model.held(meter)) for meter in KINDS}
        assert shown == expected

    async def _shown(self) -> dict[str, tuple[Decimal, Decimal]]:
        async with self.engine.connect() as connection:
            return {each.id: (each.used, each.held) for each in await holds.standing(connection, [*KINDS])}


def test_meters_agree_with_the_model(database: str) -> None:
    Machine.url = database
    few = settings(max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[*HealthCheck])
    run_state_machine_as_test(Machine, settings=few)
