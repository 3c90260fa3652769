"""The ledger on a real PostgreSQL: ends are written once, and the memory of it is never behind."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection
from ulid import ULID

from handlers.jobs import changes, states
from handlers.jobs.changes import Changes
from handlers.jobs.database import engine_for, migrate
from handlers.jobs.job_cache import JobCache
from handlers.jobs.ledger import Filter, Job, Ledger
from tests.gateway import new_database
from tests.handlers.wire import Cable


def psycopg_url(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+psycopg")


@pytest.fixture(scope="module")
def database() -> str:
    """A database with the ledger's tables."""
    url = new_database()

    async def prepare() -> None:
        engine = engine_for(psycopg_url(url))
        await migrate(engine)
        await engine.dispose()

    thread = threading.Thread(target=lambda: asyncio.run(prepare()))
    thread.start()
    thread.join()
    return url


@contextlib.asynccontextmanager
async def opened(url: str, *, listening: bool = True, **options: Any) -> AsyncIterator[Ledger]:
    """A ledger with an engine of its own, as another process has one."""
    engine = engine_for(psycopg_url(url))
    ledger = Ledger(engine, **options)
    heard = Changes(psycopg_url(url), ledger.cache, wake=lambda _: None)
    task = asyncio.create_task(heard.run()) if listening else None
    try:
        await until(lambda: heard.listening or not listening, 5)
        yield ledger
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await engine.dispose()


def job(**fields: Any) -> Job:
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "id": f"video_{str(ULID()).lower()}",
        "owner": "alice",
        "kind": "generation",
        "state": states.SUBMITTING,
        "provider": "runway",
        "model": "gen4.5",
        "request": {"prompt": "x"},
        "created_at": now,
        "updated_at": now,
        "deadline_at": now + timedelta(hours=1),
        "attempts": [],
        "outputs": [],
    }
    return Job(**{**values, **fields})


async def recorded(ledger: Ledger, **fields: Any) -> Job:
    new = job(**fields)
    await ledger.record(new)
    return new


async def until(happened: Callable[[], bool | Awaitable[bool]], patience: float = 3) -> None:
    """Wait until the function says true. Raises TimeoutError."""
    async with asyncio.timeout(patience):
        while True:
            said = happened()
            if said if isinstance(said, bool) else await said:
                return
            await asyncio.sleep(0.01)


async def eventually(ledger: Ledger, job_id: str, state: str) -> None:
    async def there() -> bool:
        found = await ledger.get(job_id)
        return found is not None and found.state == state

    await until(there)


# ---- states ---------------------------------------------------------------------------------------------------------


async def test_what_is_recorded_comes_back_as_it_was(database: str) -> None:
    async with opened(database) as ledger:
        new = await recorded(
            ledger,
            request={"prompt": "nul \0 and é and 😀"},
            attempts=[{"provider": "runway", "outcome": "failed", "latency": 3}],
            error={"code": "x", "message": "\0"},
            progress=12.5,
            native_id="n1",
        )
        assert await ledger.get(new.id) == new


@pytest.mark.parametrize("before", sorted(states.NEXT))
@pytest.mark.parametrize("after", sorted(states.NEXT))
async def test_a_job_moves_only_where_the_table_lets_it(database: str, before: str, after: str) -> None:
    async with opened(database, listening=False) as ledger:
        new = await recorded(ledger, state=before)
        moved = await ledger.move(new.id, after)
        if after in states.NEXT[before]:
            assert moved is not None and moved.state == after and moved.updated_at > new.updated_at
        else:
            assert moved is None
            assert await ledger.get(new.id) == new


async def test_of_those_who_end_a_job_at_the_same_time_exactly_one_does(database: str) -> None:
    async with opened(database) as one, opened(database) as other:
        new = await recorded(one, state=states.STORING)
        settled: list[str] = []

        def settle(name: str) -> Any:
            async def note(_: AsyncConnection) -> None:
                settled.append(name)

            return note

        ends = [
            ledger.move(new.id, state, also=settle(f"{state} {n}"), error={"code": str(n), "message": "m"})
            for n in range(6)
            for ledger in (one, other)
            for state in (states.COMPLETED, states.FAILED)
        ]
        done = [moved for moved in await asyncio.gather(*ends) if moved is not None]
        assert len(done) == len(settled) == 1
        assert settled[0].startswith(done[0].state)
        for ledger in (one, other):
            assert await ledger.get(new.id) == done[0]


async def test_nothing_is_written_when_what_goes_along_fails(database: str) -> None:
    async with opened(database) as ledger:
        new = await recorded(ledger, state=states.STORING)

        async def fail(_: AsyncConnection) -> None:
            raise RuntimeError("the settlement cannot be written")

        with pytest.raises(RuntimeError):
            await ledger.move(new.id, states.COMPLETED, also=fail)
        found = await ledger.get(new.id)
        assert found is not None and found.state == states.STORING


async def test_a_move_of_a_job_that_is_not_there_does_nothing(database: str) -> None:
    async with opened(database) as ledger:
        assert await ledger.move("video_nobody", states.FAILED) is None
        assert await ledger.get("video_nobody") is None


async def test_a_deleted_running_job_is_closed_and_stays_for_the_accounts(database: str) -> None:
    async with opened(database) as ledger:
        new = await recorded(ledger, state=states.STORING)
        assert await ledger.delete(new.id)
        assert not await ledger.delete(new.id)
        assert await ledger.find("alice", new.id) is None
        kept = await ledger.get(new.id)
        assert kept is not None and kept.error is not None
        assert (kept.state, kept.error["code"]) == (states.FAILED, "cancelled")
        assert await ledger.move(new.id, states.COMPLETED) is None


async def test_deleting_does_not_rewrite_an_end_that_came_first(database: str) -> None:
    async with opened(database) as ledger:
        new = await recorded(ledger, state=states.STORING)
        await ledger.move(new.id, states.COMPLETED, cost_usd=0.48)
        assert await ledger.delete(new.id)  # as read by the request that deletes it, a moment ago
        kept = await ledger.get(new.id)
        assert kept is not None and (kept.state, kept.error) == (states.COMPLETED, None)


# ---- finding --------------------------------------------------------------------------------------------------------


async def test_a_job_is_found_by_its_spellings_and_by_its_owner_only(database: str) -> None:
    async with opened(database) as ledger:
        native = f"a:b/{ULID()}"
        new = await recorded(ledger, native_id=native)
        for reference in (new.id, f"{new.id}:runway", f"{native}:runway"):
            assert await ledger.find("alice", reference) == new
            assert await ledger.find("bob", reference) is None
        for reference in (f"{new.id}:openai", f"{native}:openai", native, "", ":", f"{new.id}\0", new.id.upper()):
            assert await ledger.find("alice", reference) is None


async def test_two_owners_may_have_the_same_native_id(database: str) -> None:
    async with opened(database) as ledger:
        native = str(ULID())
        hers = await recorded(ledger, native_id=native)
        his = await recorded(ledger, native_id=native, owner="bob")
        assert await ledger.find("alice", f"{native}:runway") == hers
        assert await ledger.find("bob", f"{native}:runway") == his


async def test_pages_are_in_order_and_know_whether_there_are_more(database: str) -> None:
    async with opened(database) as ledger:
        owner = str(ULID())
        jobs = [await recorded(ledger, owner=owner, provider=("runway", "openai")[n % 2]) for n in range(5)]
        ids = sorted(each.id for each in jobs)

        async def page(**options: Any) -> tuple[list[str], bool]:
            chosen: dict[str, Any] = {"after": None, "limit": 10, "order": "asc", **options}
            found, more = await ledger.page(owner, Filter(provider=chosen.pop("provider", None)), **chosen)
            return [each.id for each in found], more

        assert await page() == (ids, False)
        assert await page(order="desc") == (ids[::-1], False)
        assert await page(limit=5) == (ids, False)
        assert await page(limit=4) == (ids[:4], True)
        assert await page(after=ids[1], limit=2) == (ids[2:4], True)
        assert await page(after=ids[1], order="desc") == (ids[:1], False)
        assert await page(provider="openai") == (sorted(each.id for each in jobs if each.provider == "openai"), False)


async def test_unfinished_jobs_are_those_nobody_touched(database: str) -> None:
    async with opened(database) as ledger:
        first = await recorded(ledger, updated_at=datetime.now(UTC) - timedelta(hours=1))
        second = await recorded(ledger, updated_at=datetime.now(UTC) - timedelta(hours=2))
        fresh = await recorded(ledger)
        found = [
            each.id
            for each in await ledger.unfinished("submitting", idle_since=datetime.now(UTC) - timedelta(minutes=1))
        ]
        assert found.index(second.id) < found.index(first.id)
        assert fresh.id not in found


# ---- the cache ------------------------------------------------------------------------------------------------------


async def test_the_change_of_another_process_is_seen(database: str) -> None:
    async with opened(database) as one, opened(database) as other:
        new = await recorded(one, state=states.QUEUED)
        await one.get(new.id)
        for state in (states.IN_PROGRESS, states.STORING, states.COMPLETED):
            await other.move(new.id, state)
            await eventually(one, new.id, state)


async def test_a_change_by_hand_is_seen(database: str) -> None:
    async with opened(database) as ledger:
        new = await recorded(ledger, state=states.QUEUED)
        await ledger.get(new.id)
        async with ledger.engine.begin() as connection:
            await connection.execute(text("UPDATE jobs SET state = 'failed' WHERE id = :id"), {"id": new.id})
        await eventually(ledger, new.id, states.FAILED)


async def test_reads_are_from_memory_while_it_listens(database: str) -> None:
    async with opened(database) as ledger:
        new = await recorded(ledger)
        first = await ledger.get(new.id)
        assert await ledger.get(new.id) is first


async def test_nothing_is_kept_while_it_does_not_listen(database: str) -> None:
    async with opened(database, listening=False) as deaf, opened(database) as other:
        new = await recorded(deaf, state=states.STORING)
        await deaf.get(new.id)
        await other.move(new.id, states.COMPLETED)
        found = await deaf.get(new.id)
        assert found is not None and found.state == states.COMPLETED


async def test_the_cache_is_dropped_when_the_ear_is_lost_and_used_again_when_it_is_back(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "RECONNECT", 0.3)
    async with opened(database) as ledger, opened(database, listening=False) as other:
        new = await recorded(ledger, state=states.STORING)
        await ledger.get(new.id)
        async with other.engine.connect() as connection:
            ears = "query LIKE 'LISTEN%' AND datname = current_database()"
            killed = await connection.execute(
                text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ears}")
            )
            assert killed.all()
        await until(lambda: not ledger.cache.trusted)
        await other.move(new.id, states.COMPLETED)  # nobody hears this
        found = await ledger.get(new.id)
        assert found is not None and found.state == states.COMPLETED
        await until(lambda: ledger.cache.trusted)
        assert await ledger.get(new.id) is not None


async def test_a_change_during_a_read_is_not_covered_by_what_was_read(database: str) -> None:
    cable = Cable(database)
    with cable.plugged_in():
        async with opened(database) as other, opened(cable.url, listening=False) as slow:
            heard = Changes(psycopg_url(database), slow.cache, wake=lambda _: None)
            task = asyncio.create_task(heard.run())
            new = await recorded(slow, state=states.STORING)
            await until(lambda: heard.listening)
            await slow.engine.dispose()
            async with slow.engine.connect():
                pass  # a connection is there, so the next read is one question and its answer
            cable.hold()
            read = asyncio.create_task(slow.get(new.id))
            await asyncio.sleep(0.2)
            await other.move(new.id, states.COMPLETED)
            await asyncio.sleep(0.2)
            cable.release()
            await read
            await eventually(slow, new.id, states.COMPLETED)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_change_right_after_a_write_is_not_covered_by_what_was_written(database: str) -> None:
    cable = Cable(database)
    with cable.plugged_in():
        async with opened(database) as other, opened(cable.url, listening=False) as slow:
            heard = Changes(
                psycopg_url(database), slow.cache, wake=lambda _: None
            )  # hears at once; only the ledger's own cable is slow
            task = asyncio.create_task(heard.run())
            await until(lambda: heard.listening)
            new = await recorded(slow, state=states.STORING)

            def hold(said: bytes) -> bool:
                if b"COMMIT" in said:
                    cable.hold()
                return False

            cable.deafen = hold
            write = asyncio.create_task(slow.move(new.id, states.IN_PROGRESS, progress=50.0))

            async def overtaken() -> bool:
                await other.move(new.id, states.COMPLETED)
                return await state_of(other, new.id) == states.COMPLETED

            await until(overtaken)
            await asyncio.sleep(0.3)
            cable.deafen = None
            cable.release()
            await write
            found = await slow.get(new.id)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert found is not None and found.state == states.COMPLETED


async def state_of(ledger: Ledger, job_id: str) -> str:
    async with ledger.engine.connect() as connection:
        found = await connection.execute(text("SELECT state FROM jobs WHERE id = :id"), {"id": job_id})
        return str(found.scalar_one())


async def test_an_ear_that_hears_nothing_any_more_is_noticed(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that swallows everything, without a word."""
    monkeypatch.setattr(changes, "SILENCE", 0.2)
    monkeypatch.setattr(changes, "ANSWER", 0.2)
    cable = Cable(database)
    with cable.plugged_in():
        async with opened(cable.url) as ledger:
            cable.hold()
            try:
                await until(lambda: not ledger.cache.trusted, patience=10)
            finally:
                cable.release()


def test_the_cache_has_a_bound_and_forgets_what_was_used_longest_ago() -> None:
    cache = JobCache(3)
    cache.trust(True)
    jobs = [job() for _ in range(5)]
    for each in jobs[:3]:
        cache.put(each)
    cache.get(jobs[0].id)
    for each in jobs[3:]:
        cache.put(each)
    assert [cache.get(each.id) is not None for each in jobs] == [True, False, False, True, True]


def test_an_earlier_row_does_not_replace_a_later_one() -> None:
    cache = JobCache(3)
    cache.trust(True)
    new = job()
    later = replace(new, state=states.QUEUED, updated_at=new.updated_at + timedelta(seconds=1))
    cache.put(later)
    cache.put(new)
    assert cache.get(new.id) is later


def test_a_read_that_was_overtaken_is_not_kept_and_leaves_nothing_behind() -> None:
    cache = JobCache(3)
    cache.trust(True)
    new = job()
    for overtaken in ("by a change", "by a loss of the ear"):
        with cache.loading(new.id) as load, cache.loading(new.id) as other:
            if overtaken == "by a change":
                cache.forget(new.id)
            else:
                cache.trust(True)
            load.store(new)
            other.store(new)
        assert cache.get(new.id) is None
    with cache.loading(new.id) as load:
        load.store(new)
    assert cache.get(new.id) is new
    assert cache._loads == {}


@pytest.mark.parametrize("trusted", [True, False])
async def test_who_waits_looks_again_when_changes_may_have_gone_unheard(database: str, trusted: bool) -> None:
    async with opened(database) as ledger:
        new = await recorded(ledger, state=states.QUEUED)
        with ledger.cache.awaited(new.id) as changed:
            ledger.cache.trust(trusted)
            assert changed.is_set()


async def test_who_waits_sees_what_happened_before_anybody_listened(database: str) -> None:
    async with opened(database) as ledger:
        seen = await recorded(ledger, state=states.STORING)
        await ledger.move(seen.id, states.COMPLETED)
        assert (await asyncio.wait_for(ledger.ended(seen, 60), 5)).state == states.COMPLETED


def test_a_read_that_begins_while_another_ends_hears_of_changes_too() -> None:
    cache = JobCache(3)
    cache.trust(True)
    old = job()
    later = cache.loading(old.id)
    with cache.loading(old.id):
        pass
    with later:
        cache.forget(old.id)
        later.store(old)
    assert cache.get(old.id) is None
