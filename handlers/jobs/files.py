"""What is known of the files of finished jobs: how large they are, what their bytes hash to, where they are and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, case, func, literal, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from . import states
from .tables import files, jobs

Variant = Literal["video", "thumbnail", "spritesheet"]


@dataclass(frozen=True, slots=True)
class File:
    """A row; the meaning of each field stands in tables.py."""

    job_id: str
    variant: Variant
    key: str
    size: int
    sha256: str
    media_type: str
    store: str | None = None
    delete_at: datetime | None = None
    deleted_at: datetime | None = None

    @property
    def gone(self) -> bool:
        """Whether it has been deleted, or should have been."""
        return self.deleted_at is not None or (self.delete_at is not None and self.delete_at <= datetime.now(UTC))


COLUMNS = [files.c[field.name] for field in fields(File)]
KEY = [files.c.job_id, files.c.variant]


class Files:
    def __init__(self, engine: AsyncEngine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def find(self, job_id: str, variant: str) -> File | None:
        query = select(*COLUMNS).where(files.c.job_id == job_id, files.c.variant == variant)
        async with self._single.connect() as connection:
            row = (await connection.execute(query)).first()
        return File(*row) if row is not None else None

    async def record(self, file: File) -> None:
        """Write down a file that is kept, or is about to be, in the place of an earlier one of that variant.

        If the job is deleted at the same time, the file is to be deleted as well.
        """
        given = asdict(file)
        values: list[ColumnElement[Any]] = [literal(given[column.name], column.type) for column in COLUMNS]
        place = COLUMNS.index(files.c.delete_at)
        values[place] = case((jobs.c.deleted_at.is_(None), values[place]), else_=func.now())
        # The lock has a deletion that is under way end first, so that it is seen here.
        row = select(*values).where(jobs.c.id == file.job_id).with_for_update(read=True)
        new = insert(files).from_select(list(given), row)
        changes = {name: new.excluded[name] for name in given if name not in ("job_id", "variant")}
        async with self._single.connect() as connection:
            await connection.execute(new.on_conflict_do_update(index_elements=KEY, set_=changes))

    async def due(self, store: str | None, after: File | None, most: int) -> list[File]:
        """Up to `most` files of this store that are to be deleted now, behind `after`. To delete one twice does no harm."""
        query = (
            select(*COLUMNS)
            .where(files.c.delete_at <= func.now(), files.c.deleted_at.is_(None))
            .where(files.c.store.is_not_distinct_from(store))
            .order_by(files.c.delete_at, *KEY)
            .limit(most)
        )
        if after is not None:
            place = (after.delete_at, after.job_id, after.variant)
            query = query.where(tuple_(files.c.delete_at, *KEY) > tuple_(*map(literal, place)))
        async with self._single.connect() as connection:
            return [File(*row) for row in await connection.execute(query)]

    async def deleted(self, file: File) -> None:
        """Write down that a file is gone."""
        gone = update(files).where(files.c.job_id == file.job_id, files.c.variant == file.variant)
        async with self._single.connect() as connection:
            await connection.execute(gone.values(deleted_at=func.now()))

    async def over(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys that belong to files that are deleted, or are to be."""
        query = select(files.c.key).where(
            files.c.job_id.in_({key.partition("/")[0] for key in keys}),
            files.c.key.in_(keys),
            or_(files.c.deleted_at.is_not(None), files.c.delete_at <= func.now()),
        )
        async with self._single.connect() as connection:
            return set((await connection.execute(query)).scalars())

    async def kept_in(self, store: str, after: tuple[str, str], most: int) -> list[File]:
        """Up to `most` files of completed jobs that the store has, behind the job and variant `after`."""
        query = (
            select(*COLUMNS)
            .join(jobs, jobs.c.id == files.c.job_id)
            .where(jobs.c.state == states.COMPLETED, jobs.c.deleted_at.is_(None))
            .where(or_(files.c.delete_at.is_(None), files.c.delete_at > func.now()))
            .where(files.c.store == store, files.c.deleted_at.is_(None), tuple_(*KEY) > tuple_(*map(literal, after)))
            .order_by(*KEY)
            .limit(most)
        )
        async with self._single.connect() as connection:
            return [File(*row) for row in await connection.execute(query)]


async def give_up(connection: AsyncConnection, job_id: str) -> None:
    """Have the files of a job deleted, in the transaction that deletes the job."""
    theirs: Any = update(files).where(files.c.job_id == job_id, files.c.deleted_at.is_(None))
    await connection.execute(theirs.values(delete_at=func.now()))
