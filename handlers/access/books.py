"""The tables of access as something that is changed: in one transaction, whose contradictions are errors of the caller's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from ulid import ULID

from ..errors import Conflict, NotFound, ReelgateError
from .directory import Directory

FILE = "file"
"""The source of what the configuration file declares."""


class Books:
    """`directory` remembers what is read of them, and forgets it when they change."""

    def __init__(self, engine: AsyncEngine, directory: Directory) -> None:
        self._engine = engine
        self._directory = directory

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which every statement sees the same."""
        async with self._engine.execution_options(isolation_level="REPEATABLE READ").connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction. Raises Conflict or NotFound for what contradicts what is there."""
        try:
            async with self._engine.begin() as connection:
                yield connection
        except IntegrityError as error:
            raise _refusal(error) from None
        self._directory.forget()


def new_id(prefix: str) -> str:
    """`vk` -> `vk_01kafx3m9d7q2v8h5c4n6w0b1z`."""
    return f"{prefix}_{str(ULID()).lower()}"


def changeable(noun: str, source: str) -> None:
    """Raises Conflict for what the configuration file declares."""
    if source == FILE:
        raise Conflict(
            f"The {noun} is declared in the configuration file. Change it there, and start the gateway anew.",
            code="declared_in_file",
        )


def name_taken(noun: str) -> Conflict:
    return Conflict(f"There is a {noun} of this name already. Choose another.", code="name_taken", param="name")


def team_unknown() -> NotFound:
    return NotFound("There is no such team.", code="team_not_found", param="team_id")


def customer_unknown() -> NotFound:
    return NotFound("There is no such customer.", code="customer_not_found", param="customer_id")


def virtual_key_unknown(param: str = "vk_id") -> NotFound:
    return NotFound("There is no such virtual key.", code="virtual_key_not_found", param=param)


CONTRADICTIONS: Mapping[str, Callable[[], ReelgateError]] = {
    "virtual_keys_name_key": lambda: name_taken("virtual key"),
    "teams_name_key": lambda: name_taken("team"),
    "customers_name_key": lambda: name_taken("customer"),
    "pricing_overrides_name_key": lambda: name_taken("pricing override"),
    "virtual_keys_digest_key": lambda: Conflict(
        "There is a virtual key with this value already.", code="value_taken", param="value"
    ),
    "virtual_keys_team_id_fkey": team_unknown,
    "virtual_keys_customer_id_fkey": customer_unknown,
    "teams_customer_id_fkey": customer_unknown,
    "pricing_overrides_virtual_key_id_fkey": lambda: virtual_key_unknown("virtual_key_id"),
}
"""Constraint of the tables -> what a caller is told who would break it."""


def _refusal(error: IntegrityError) -> Exception:
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    return CONTRADICTIONS[constraint]() if constraint in CONTRADICTIONS else error
