"""Who is known, and by what."""

from __future__ import annotations

from sqlalchemy import insert, make_url

from handlers.access.directory import Directory, digest
from handlers.jobs.access_tables import virtual_keys
from handlers.jobs.database import engine_for, migrate
from tests.gateway import new_database


async def test_a_key_that_is_called_what_another_s_id_is_does_not_stand_in_for_it() -> None:
    engine = engine_for(make_url(new_database()).set(drivername="postgresql+psycopg"))
    await migrate(engine)
    keys = [("vk_2", "the one"), ("vk_1", "vk_2")]
    async with engine.begin() as connection:
        for key_id, name in keys:
            row = {"id": key_id, "name": name, "digest": digest(key_id), "hint": "…"}
            await connection.execute(insert(virtual_keys).values(row))
    directory = Directory(engine)
    found = [await directory.by_reference(reference) for reference in ("vk_2", "the one", "vk_1", "nobody")]
    await engine.dispose()
    assert [grant and grant.id for grant in found] == ["vk_2", "vk_2", "vk_1", None]
