"""Teams and customers, alike: what they hold together, and what keeps them from being deleted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.handlers.governance.admin import NO_ONE, Admin, unique
from tests.handlers.wire import dsn

DAY = {"max_limit": 5, "reset_duration": "1d"}
KINDS = ("team", "customer")


def made(admin: Admin, kind: str, **asked: Any) -> dict[str, Any]:
    return admin.team(**asked) if kind == "team" else admin.customer(**asked)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_made_read_changed_and_deleted(admin: Admin, kind: str) -> None:
    limits = {"request_max_limit": 5, "request_reset_duration": "1h"}
    one = made(admin, kind, budgets=[DAY], rate_limit=limits, calendar_aligned=True)
    assert one["budgets"][0]["calendar_aligned"] and one["calendar_aligned"] and one["source"] == "api"
    assert one["rate_limit"]["scope_id"] == one["id"]
    path, name = f"/{kind}s/{one['id']}", unique("renamed")
    assert admin.does("GET", path) == {kind: one}
    changed = admin.does("PUT", path, {"name": name, "rate_limit": None, "budgets": [{**DAY, "max_limit": 6}]})[kind]
    assert (changed["name"], "rate_limit" in changed) == (name, False)
    assert (changed["budgets"][0]["id"], changed["budgets"][0]["max_limit"]) == (one["budgets"][0]["id"], 6)
    listed = admin.does("GET", f"/{kind}s", search=name)
    assert (listed[f"{kind}s"], listed["count"], listed["total_count"]) == ([changed], 1, 1)
    admin.does("DELETE", path)
    gone = (404, f"{kind}_not_found")
    assert admin.refused("GET", path) == admin.refused("PUT", path, {}) == admin.refused("DELETE", path) == gone
    with psycopg.connect(dsn(admin.gateway)) as connection:
        count = connection.execute("SELECT count(*) FROM meters WHERE scope_id = %s", (one["id"],)).fetchone()
    assert count == (0,)


@pytest.mark.parametrize("kind", KINDS)
def test_usage_is_forgotten_when_that_is_asked_for(admin: Admin, kind: str) -> None:
    one = made(admin, kind, budgets=[DAY])
    with psycopg.connect(dsn(admin.gateway)) as connection:
        connection.execute("UPDATE meters SET used = 3, held = 1 WHERE scope_id = %s", (one["id"],))
    shown = admin.does("PUT", f"/{kind}s/{one['id']}", {"reset_budget_usage": True})[kind]["budgets"][0]
    assert (shown["current_usage"], shown["reserved"]) == (0, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_is_taken_once(admin: Admin, kind: str) -> None:
    one, other = made(admin, kind), made(admin, kind)
    assert admin.refused("POST", f"/{kind}s", {"name": one["name"]}) == (409, "name_taken")
    assert admin.refused("PUT", f"/{kind}s/{other['id']}", {"name": one["name"]}) == (409, "name_taken")


def test_what_is_referred_to_stays_until_nothing_refers_to_it(admin: Admin) -> None:
    customer = admin.customer()
    team = admin.team(customer_id=customer["id"])
    key, direct = admin.key(team_id=team["id"]), admin.key(customer_id=customer["id"])
    assert admin.refused("DELETE", f"/teams/{team['id']}") == (409, "team_in_use")
    answer = admin.ask("DELETE", f"/customers/{customer['id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "customer_in_use")
    assert f"the team {team['name']!r}" in answer.json()["error"]["message"]
    admin.change(key, team_id=None)
    admin.does("DELETE", f"/teams/{team['id']}")
    message = admin.ask("DELETE", f"/customers/{customer['id']}").json()["error"]["message"]
    assert f"the virtual key {direct['name']!r}" in message
    admin.does("DELETE", f"/virtual-keys/{direct['id']}")
    admin.does("DELETE", f"/customers/{customer['id']}")


def test_a_team_may_change_its_customer(admin: Admin) -> None:
    first, second = admin.customer(), admin.customer()
    team = admin.team(customer_id=first["id"])
    path = f"/teams/{team['id']}"
    assert admin.does("PUT", path, {"customer_id": second["id"]})["team"]["customer_id"] == second["id"]
    assert [each["id"] for each in admin.does("GET", "/teams", customer_id=second["id"])["teams"]] == [team["id"]]
    assert "customer_id" not in admin.does("PUT", path, {"customer_id": None})["team"]
    unknown = {"customer_id": f"customer_{NO_ONE}"}
    assert admin.refused("PUT", path, unknown) == (404, "customer_not_found")
    assert admin.refused("POST", "/teams", {"name": unique("x"), **unknown}) == (404, "customer_not_found")


def test_a_key_never_belongs_to_a_team_that_was_deleted_meanwhile(admin: Admin) -> None:
    """Whichever comes first, the other is refused: a key that lost its team would have lost its budget."""
    for _ in range(8):
        team = admin.team()
        with ThreadPoolExecutor(2) as pool:
            deleted = pool.submit(admin.ask, "DELETE", f"/teams/{team['id']}")
            created = pool.submit(admin.ask, "POST", "/virtual-keys", {"name": unique("key"), "team_id": team["id"]})
        statuses = (deleted.result().status_code, created.result().status_code)
        assert statuses in ((200, 404), (409, 200))
