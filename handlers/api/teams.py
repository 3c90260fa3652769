"""The operations of the tags Teams and Customers, in the document's order."""

from __future__ import annotations

from typing import Any

from generated import models
from generated.routes import Answer

from ..access.callers import Caller
from ..access.groups import Group, Groups
from .limits import all_aligned, limits, present


class Teams:
    def __init__(self, teams: Groups) -> None:
        self._teams = teams

    async def team_list(
        self,
        caller: Caller,
        search: str | None = None,
        customer_id: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Answer[models.TeamListResponse]:
        found, total = await self._teams.page(limit=limit, offset=offset, search=search, customer_id=customer_id)
        listed = [team(each) for each in found]
        return Answer(models.TeamListResponse(teams=listed, count=len(listed), total_count=total))

    async def team_create(self, caller: Caller, body: models.TeamCreateRequest) -> Answer[models.TeamResponse]:
        made = await self._teams.create(body.model_dump())
        return Answer(models.TeamResponse(message="The team was created.", team=team(made)))

    async def team_retrieve(self, caller: Caller, team_id: str) -> Answer[models.TeamResponse]:
        return Answer(models.TeamResponse(team=team(await self._teams.get(team_id))))

    async def team_update(
        self, caller: Caller, team_id: str, body: models.TeamUpdateRequest
    ) -> Answer[models.TeamResponse]:
        changed = await self._teams.change(team_id, body.model_dump())
        return Answer(models.TeamResponse(message="The team was updated.", team=team(changed)))

    async def team_delete(self, caller: Caller, team_id: str) -> Answer[models.TeamDeleteResponse]:
        await self._teams.delete(team_id)
        return Answer(models.TeamDeleteResponse(message="The team was deleted."))


class Customers:
    def __init__(self, customers: Groups) -> None:
        self._customers = customers

    async def customer_list(
        self, caller: Caller, search: str | None = None, limit: int = 100, offset: int = 0
    ) -> Answer[models.CustomerListResponse]:
        found, total = await self._customers.page(limit=limit, offset=offset, search=search)
        listed = [customer(each) for each in found]
        return Answer(models.CustomerListResponse(customers=listed, count=len(listed), total_count=total))

    async def customer_create(
        self, caller: Caller, body: models.CustomerCreateRequest
    ) -> Answer[models.CustomerResponse]:
        made = await self._customers.create(body.model_dump())
        return Answer(models.CustomerResponse(message="The customer was created.", customer=customer(made)))

    async def customer_retrieve(self, caller: Caller, customer_id: str) -> Answer[models.CustomerResponse]:
        return Answer(models.CustomerResponse(customer=customer(await self._customers.get(customer_id))))

    async def customer_update(
        self, caller: Caller, customer_id: str, body: models.CustomerUpdateRequest
    ) -> Answer[models.CustomerResponse]:
        changed = await self._customers.change(customer_id, body.model_dump())
        return Answer(models.CustomerResponse(message="The customer was updated.", customer=customer(changed)))

    async def customer_delete(self, caller: Caller, customer_id: str) -> Answer[models.CustomerDeleteResponse]:
        await self._customers.delete(customer_id)
        return Answer(models.CustomerDeleteResponse(message="The customer was deleted."))


def team(group: Group) -> models.Team:
    return models.Team(**_common(group), **present({"customer_id": group.customer_id}))


def customer(group: Group) -> models.Customer:
    return models.Customer(**_common(group))


def _common(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "name": group.name,
        "calendar_aligned": all_aligned(group.readings),
        "source": models.Source(group.source),
        "created_at": group.created_at,
        "updated_at": group.updated_at,
        **limits(group.readings),
    }
