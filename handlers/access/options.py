"""The options that can be set while the gateway runs: those of the configuration file's `client`.

What was set by the API wins over the file, until it is given back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine

from ..configuration import Client
from ..jobs.access_tables import options

log = structlog.get_logger()


class Options:
    """`now` is what holds, `file` what the file says, `set` what the API has set. `heed` is told what holds."""

    tables = frozenset({"options"})

    def __init__(self, engine: AsyncEngine, file: Client, heed: Callable[[Client], None]) -> None:
        self._engine = engine
        self._heed = heed
        self.file = file
        self.set: Mapping[str, Any] = {}
        self.now = file

    async def load(self) -> None:
        """Take over what is set now."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(options.c.name, options.c.value))
            found = {row.name: row.value for row in rows if row.name in Client.model_fields}
        self.set = {name: value for name, value in found.items() if self._usable(name, value)}
        self.now = Client.model_validate({**self.file.model_dump(), **self.set})
        self._heed(self.now)

    async def change(self, changes: Mapping[str, Any]) -> None:
        """Set options; None gives one back to the file."""
        statement = postgresql.insert(options)
        statement = statement.on_conflict_do_update(
            index_elements=[options.c.name], set_={"value": statement.excluded.value, "updated_at": func.now()}
        )
        given_back = [name for name, value in changes.items() if value is None]
        async with self._engine.begin() as connection:
            await connection.execute(delete(options).where(options.c.name.in_(given_back)))
            for name, value in sorted(changes.items()):
                if value is not None:
                    await connection.execute(statement, {"name": name, "value": value})
        await self.load()

    def _usable(self, name: str, value: Any) -> bool:
        """Whether this version knows the value; another may have set it."""
        try:
            Client.model_validate({name: value})
        except ValidationError:
            log.warning("an option has a value that is not known here, so what the file says holds", option=name)
            return False
        return True
