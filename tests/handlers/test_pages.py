"""The list reads what it shows and next to nothing else: what PostgreSQL plans for a page, wherever it lies."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Literal

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.rows import APART, BEGAN, OTHERS, OWNER, fill
from handlers.jobs.database import engine_for, migrate
from handlers.jobs.ledger import Filter, first_id, listing
from tests.gateway import new_database

OWNED, FOREIGN = 20_000, 5_000
LIMIT = 101
AT_MOST = 8 * LIMIT  # blocks, of 8 KiB: four for the index and the row of each job and of its tag, and as much again


def second(share: float) -> int:
    """The Unix second at which this share of the jobs has been made."""
    return int((BEGAN + (OWNED + FOREIGN) * APART * share).timestamp())


FILTERS = {
    "all": (Filter(), "jobs_by_owner"),
    "provider": (Filter(provider="openai"), "jobs_by_owner_and_provider"),
    "model": (Filter(provider="runway", model="gen4.5"), "jobs_by_owner_and_model"),
    "rare model": (Filter(provider="xai", model="grok-imagine-video"), "jobs_by_owner_and_model"),
    "status": (Filter(status="failed"), "jobs_by_owner_and_status"),
    "rare status": (Filter(status="queued"), "jobs_by_owner_and_status"),
    "window": (Filter(created_after=second(0.25), created_before=second(0.75)), "jobs_by_owner"),
    "metadata": (Filter(metadata=(("project", "alpha"),)), "job_tags_by_value"),
    "unknown metadata": (Filter(metadata=(("project", "none"),)), "job_tags_by_value"),
}


@pytest.fixture(scope="module")
def database() -> str:
    url = new_database()

    async def prepare() -> None:
        engine = engine_for(make_url(url).set(drivername="postgresql+psycopg"))
        await migrate(engine)
        await engine.dispose()

    thread = threading.Thread(target=lambda: asyncio.run(prepare()))  # migrations want a thread without a loop
    thread.start()
    thread.join()
    with psycopg.connect(url, autocommit=True) as connection:
        fill(connection, OWNED, FOREIGN)
    return url


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = engine_for(make_url(database).set(drivername="postgresql+psycopg"))
    yield engine
    await engine.dispose()


async def planned(
    engine: AsyncEngine, owner: str, wanted: Filter, after: str | None, order: Literal["asc", "desc"], mode: str
) -> tuple[str, int]:
    """PostgreSQL's plan for a page, and the blocks that it then reads. `mode` says whether it knows the parameters."""
    query = listing(owner, wanted, after=after, limit=LIMIT, order=order)
    compiled = query.compile(dialect=postgresql.dialect(paramstyle="pyformat"))
    parameters: dict[str, Any] = dict(compiled.params)
    numbered = str(compiled) % {name: f"${number}" for number, name in enumerate(parameters, 1)}
    values = ", ".join(str(value) if isinstance(value, int) else f"'{value}'" for value in parameters.values())
    types = ", ".join("bigint" if isinstance(value, int) else "text" for value in parameters.values())
    async with engine.begin() as connection:
        await connection.execute(text(f"SET LOCAL plan_cache_mode TO {mode}"))
        raw = (await connection.get_raw_connection()).driver_connection
        assert isinstance(raw, psycopg.AsyncConnection)
        await raw.execute(f"PREPARE page ({types}) AS {numbered}".encode())
        explained = await raw.execute(f"EXPLAIN (ANALYZE, BUFFERS) EXECUTE page ({values})".encode())
        plan = "\n".join([line for (line,) in await explained.fetchall()])
        await raw.execute("DEALLOCATE page")
    blocks = re.search(r"Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?", plan)
    assert blocks is not None
    return plan, sum(int(count or 0) for count in blocks.groups())


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("place", [None, 0.4, 0.6])
@pytest.mark.parametrize("name", FILTERS)
async def test_a_page_is_a_range_of_the_index_of_its_filter(
    engine: AsyncEngine, name: str, place: float | None, order: Literal["asc", "desc"], mode: str
) -> None:
    wanted, index = FILTERS[name]
    after = first_id(second(place)) if place is not None else None
    plan, blocks = await planned(engine, OWNER, wanted, after, order, mode)
    assert not re.search("Sort|Seq Scan|Bitmap|Gather|Hash", plan), plan
    assert re.search(rf"Scan (?:Backward )?using {index} ", plan), plan
    assert blocks < AT_MOST, plan


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("owner", [OTHERS[0], "nobody"])
async def test_whoever_has_few_jobs_reads_no_others(
    engine: AsyncEngine, owner: str, order: Literal["asc", "desc"]
) -> None:
    plan, blocks = await planned(engine, owner, Filter(), None, order, "force_custom_plan")
    assert blocks < AT_MOST, plan


async def test_a_provider_that_made_nothing_lately_is_found_as_fast(database: str, engine: AsyncEngine) -> None:
    """Most of the jobs are its own, but the last ones: PostgreSQL knows of shares, and not of when."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "UPDATE jobs SET provider = 'vertex' WHERE provider = 'openai' AND id > %s", [first_id(second(0.3))]
        )
    for mode in ("force_custom_plan", "force_generic_plan"):
        plan, blocks = await planned(engine, OWNER, Filter(provider="openai"), None, "desc", mode)
        assert blocks < AT_MOST, plan


def test_the_first_id_of_a_second_is_no_later_than_any_of_it_and_later_than_all_before() -> None:
    for moment in (0, 1, second(0), second(1), int((BEGAN + timedelta(days=40_000)).timestamp())):
        assert first_id(moment - 1 if moment else 0) <= first_id(moment) < first_id(moment + 1)
        assert re.fullmatch("video_[0-9a-hjkmnp-tv-z]{26}", first_id(moment))
        assert first_id(moment).endswith("0" * 16)
