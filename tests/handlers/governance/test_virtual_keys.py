"""Virtual keys: what they may be, who may change them, and that every change counts at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from tests.gateway import ALICE, Gateway, judge, running
from tests.handlers.governance.admin import NO_ONE, Admin, unique
from tests.handlers.wire import dsn

LET_IN = (404, "video_not_found")
DAY = {"max_limit": 5, "reset_duration": "1d"}
MONTH = {"max_limit": 50, "reset_duration": "1M", "calendar_aligned": True}


def use(gateway: Gateway, meter_id: str, used: float, held: float = 0) -> None:
    """As if jobs had cost so much."""
    with psycopg.connect(dsn(gateway)) as connection:
        connection.execute("UPDATE meters SET used = %s, held = %s WHERE id = %s", (used, held, meter_id))


# ---- making and reading ---------------------------------------------------------------------------------------------
def test_a_key_is_shown_once_and_then_by_its_last_characters(admin: Admin) -> None:
    made = admin.key(description="The nightly renders")
    value = made["value"]
    assert value.startswith("sk-bf-") and len(value) == 49
    read = admin.read(made)
    assert read == {name: shown for name, shown in made.items() if name != "value"}
    assert read["hint"] == value[-4:]
    listed = admin.ask("GET", "/virtual-keys", limit=1000).text
    assert made["id"] in listed and value not in listed


def test_a_new_key_may_do_nothing_until_it_is_said_what(admin: Admin) -> None:
    made = admin.key()
    assert (made["allow_all_providers"], made["provider_configs"], made["is_active"]) == (False, [], True)
    assert (made["budgets"], "rate_limit" in made, made["source"]) == ([], False, "api")


def test_everything_that_is_said_of_a_key_is_answered(admin: Admin) -> None:
    team = admin.team()
    said = {
        "name": unique("full"),
        "description": "A note",
        "is_active": False,
        "expires_at": "2031-05-17T08:00:00+02:00",
        "team_id": team["id"],
        "allow_all_providers": True,
        "disable_content_logging": True,
        "retention_days": 2.5,
    }
    config = {
        "provider": "runway",
        "allowed_models": ["gen4.5", "regex:veo.*"],
        "blacklisted_models": ["veo3"],
        "key_ids": ["main"],
        "budgets": [DAY],
        "rate_limit": {"concurrent_max_limit": 3},
    }
    limits = {
        **{"request_max_limit": 100, "request_reset_duration": "1h"},
        **{"concurrent_max_limit": 10, "seconds_max_limit": 600.5, "seconds_reset_duration": "1d"},
        **{"cost_max_limit": 20.25, "cost_reset_duration": "1w", "poll_max_limit": 60, "poll_reset_duration": "1m"},
    }
    made = admin.key(**said, provider_configs=[config], budgets=[DAY, MONTH], rate_limit=limits)
    assert {name: made[name] for name in said} == {**said, "expires_at": "2031-05-17T06:00:00Z"}
    (shown,) = made["provider_configs"]
    assert {name: shown[name] for name in ("provider", "allowed_models", "blacklisted_models", "key_ids")} == {
        name: config[name] for name in ("provider", "allowed_models", "blacklisted_models", "key_ids")
    }
    assert [budget["scope_id"] for budget in shown["budgets"]] == [f"{made['id']}/runway"]
    assert shown["rate_limit"]["concurrent_max_limit"] == 3
    assert {name: made["rate_limit"][name] for name in limits} == limits
    assert [(each["max_limit"], each["reset_duration"], each["calendar_aligned"]) for each in made["budgets"]] == [
        (5, "1d", False),
        (50, "1M", True),
    ]
    assert made == {**admin.read(made), "value": made["value"]}


def test_a_config_without_models_and_keys_is_for_all_of_them(admin: Admin) -> None:
    (config,) = admin.key(provider_configs=[{"provider": "runway"}])["provider_configs"]
    assert (config["allowed_models"], config["blacklisted_models"], config["key_ids"]) == (["*"], [], ["*"])


def test_a_budget_shows_what_is_left_and_when_it_begins_anew(admin: Admin) -> None:
    (budget,) = admin.key(budgets=[MONTH])["budgets"]
    now = datetime.now(UTC)
    began, ends = (datetime.fromisoformat(budget[name]) for name in ("last_reset", "resets_at"))
    assert (began.day, began.hour, began.month) == (1, 0, now.month) and began <= now < ends and ends.day == 1
    assert (budget["current_usage"], budget["reserved"], budget["remaining"]) == (0, 0, 50)
    (rolling,) = admin.key(budgets=[DAY])["budgets"]
    began, ends = (datetime.fromisoformat(rolling[name]) for name in ("last_reset", "resets_at"))
    assert ends - began == timedelta(days=1)
    (total,) = admin.key(budgets=[{"max_limit": 1}])["budgets"]
    assert "resets_at" not in total and "reset_duration" not in total


def test_what_was_used_in_a_window_that_is_over_is_not_shown(admin: Admin) -> None:
    made = admin.key(budgets=[DAY])
    (budget,) = made["budgets"]
    use(admin.gateway, budget["id"], 4, 0.5)
    shown = admin.read(made)["budgets"][0]
    assert (shown["current_usage"], shown["reserved"], shown["remaining"]) == (4, 0.5, 0.5)
    with psycopg.connect(dsn(admin.gateway)) as connection:
        connection.execute(
            "UPDATE meters SET window_began = window_began - interval '1 day' WHERE id = %s", (budget["id"],)
        )
    shown = admin.read(made)["budgets"][0]
    assert (shown["current_usage"], shown["reserved"], shown["remaining"]) == (0, 0.5, 4.5)


def test_a_list_is_searched_filtered_and_read_in_pages(admin: Admin) -> None:
    mark, team, customer = unique("50%_off"), admin.team(), admin.customer()
    first = admin.key(name=f"{mark}-A", team_id=team["id"])
    second = admin.key(name=f"{mark}-b", customer_id=customer["id"], is_active=False)
    third = admin.key(name=f"{mark}-C")

    def names(**query: Any) -> list[str]:
        return [each["id"] for each in admin.does("GET", "/virtual-keys", search=mark.upper(), **query)["virtual_keys"]]

    assert names() == [first["id"], second["id"], third["id"]]
    assert names(team_id=team["id"]) == [first["id"]]
    assert names(customer_id=customer["id"]) == [second["id"]]
    assert names(is_active="false") == [second["id"]]
    assert names(limit=1, offset=1) == [second["id"]]
    page = admin.does("GET", "/virtual-keys", search=mark, limit=1, offset=2)
    assert (page["count"], page["total_count"]) == (1, 3)
    assert admin.does("GET", "/virtual-keys", search=unique("nobody")) == {
        "virtual_keys": [],
        "count": 0,
        "total_count": 0,
    }


def test_a_key_of_another_gateway_may_be_brought_along(admin: Admin) -> None:
    value = f"sk-bf-{unique('from-bifrost')}"
    made = admin.key(value=value, allow_all_providers=True)
    assert made["value"] == value and admin.status(value) == LET_IN
    assert admin.refused("POST", "/virtual-keys", {"name": unique("twin"), "value": value}) == (409, "value_taken")


# ---- refusals -------------------------------------------------------------------------------------------------------
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a field of Bifrost's that would do nothing": ({"rate_limit": {"token_max_limit": 5}}, "rate_limit"),
    "a weight": ({"provider_configs": [{"provider": "runway", "weight": 1}]}, "provider_configs.0"),
    "a budget of nothing": ({"budgets": [{"max_limit": 0}]}, "budgets.0.max_limit"),
    "a budget of a word": ({"budgets": [{"max_limit": "5"}]}, "budgets.0.max_limit"),
    "a duration of another kind": (
        {"budgets": [{"max_limit": 5, "reset_duration": "1 day"}]},
        "budgets.0.reset_duration",
    ),
    "a limit without its duration": ({"rate_limit": {"request_max_limit": 5}}, "rate_limit"),
    "a duration without its limit": ({"rate_limit": {"poll_reset_duration": "1m"}}, "rate_limit"),
    "an empty limit": ({"rate_limit": {}}, "rate_limit"),
    "a day that is none": ({"expires_at": "2030-02-30T00:00:00Z"}, "expires_at"),
    "a time without a zone": ({"expires_at": "2030-02-20T00:00:00"}, "expires_at"),
    "a leap second": ({"expires_at": "2030-06-30T23:59:60Z"}, "expires_at"),
    "a name of two lines": ({"name": "a\nb"}, "name"),
    "a name with a NUL": ({"name": "a\0b"}, "name"),
    "no name": ({"name": ""}, "name"),
    "a short value": ({"value": "sk-bf-short"}, "value"),
    "a value of another kind": ({"value": "sk-" + "a" * 40}, "value"),
    "a provider of no name": ({"provider_configs": [{"provider": "Run Way"}]}, "provider_configs.0.provider"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_document_does_not_have_is_refused(admin: Admin, what: str) -> None:
    body, param = REFUSED[what]
    answer = admin.ask("POST", "/virtual-keys", {"name": unique("refused"), **body})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request"), answer.text
    assert answer.json()["error"].get("param", "rate_limit").startswith(param)


def test_an_unknown_field_is_named(admin: Admin) -> None:
    answer = admin.ask("POST", "/virtual-keys", {"name": unique("x"), "budget": {"max_limit": 5}})
    said = answer.json()["error"]
    assert (answer.status_code, said["param"]) == (400, "budget") and "There are name, " in said["message"]


@pytest.mark.parametrize(
    ("asked", "param", "said"),
    [
        ({"rate_limit": {"request_max_limit": 5}}, "rate_limit.request_reset_duration", "it is missing"),
        ({"rate_limit": {"requests": 5}}, "rate_limit.requests", "There are request_max_limit"),
        ({"rate_limit": {"concurrent_max_limit": 0}}, "rate_limit.concurrent_max_limit", "minimum of 1"),
        ({"budgets": [{"max_limit": 1, "reset_duration": "monthly"}]}, "budgets.0.reset_duration", "for example `1M`"),
    ],
)
def test_a_mistake_deep_inside_is_named(admin: Admin, asked: dict[str, Any], param: str, said: str) -> None:
    answer = admin.ask("POST", "/virtual-keys", {"name": unique("x"), **asked})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, param) and said in error["message"]


def test_a_key_is_of_a_team_or_of_a_customer(admin: Admin) -> None:
    team, customer = admin.team(), admin.customer()
    both = {"team_id": team["id"], "customer_id": customer["id"]}
    assert admin.refused("POST", "/virtual-keys", {"name": unique("both"), **both}) == (400, "team_and_customer")
    made = admin.key(team_id=team["id"])
    path = f"/virtual-keys/{made['id']}"
    assert admin.refused("PUT", path, {"customer_id": customer["id"]}) == (400, "team_and_customer")
    moved = admin.change(made, team_id=None, customer_id=customer["id"])
    assert "team_id" not in moved and moved["customer_id"] == customer["id"]


def test_teams_and_customers_that_do_not_exist(admin: Admin) -> None:
    for field, code in (("team_id", "team_not_found"), ("customer_id", "customer_not_found")):
        body = {"name": unique("lost"), field: f"{field.removesuffix('_id')}_{NO_ONE}"}
        assert admin.refused("POST", "/virtual-keys", body) == (404, code)
        body.pop("name")
        assert admin.refused("PUT", f"/virtual-keys/{admin.key()['id']}", body) == (404, code)


def test_two_configs_for_one_provider_and_two_budgets_of_one_duration(admin: Admin) -> None:
    twice = {"name": unique("x"), "provider_configs": [{"provider": "runway"}, {"provider": "runway"}]}
    assert admin.refused("POST", "/virtual-keys", twice) == (400, "provider_twice")
    twice = {"name": unique("x"), "budgets": [DAY, {**DAY, "max_limit": 6}]}
    assert admin.refused("POST", "/virtual-keys", twice) == (400, "budget_twice")


@pytest.mark.parametrize("pattern", ["regex:(", "regex:a)|(?:b", "regex:(?=a)", r"regex:(a)\1", "regex:a{99999}{999}"])
def test_a_pattern_that_is_none_is_refused(admin: Admin, pattern: str) -> None:
    for field in ("allowed_models", "blacklisted_models"):
        body = {"name": unique("x"), "provider_configs": [{"provider": "runway", field: [pattern]}]}
        assert admin.refused("POST", "/virtual-keys", body) == (400, "invalid_pattern")


def test_a_name_is_taken_once(admin: Admin) -> None:
    made, other = admin.key(), admin.key()
    assert admin.refused("POST", "/virtual-keys", {"name": made["name"]}) == (409, "name_taken")
    assert admin.refused("PUT", f"/virtual-keys/{other['id']}", {"name": made["name"]}) == (409, "name_taken")
    assert admin.read(other)["name"] == other["name"]


def test_what_does_not_exist(admin: Admin) -> None:
    path = f"/virtual-keys/vk_{NO_ONE}"
    gone = (404, "virtual_key_not_found")
    assert admin.refused("GET", path) == admin.refused("PUT", path, {}) == admin.refused("DELETE", path) == gone
    assert admin.refused("POST", f"{path}/rotate") == gone
    override = f"{path}/budgets/budget_{NO_ONE}/override"
    assert admin.refused("PUT", override, {"amount": 1, "mode": "forever"}) == admin.refused("DELETE", override) == gone


def test_the_words_beside_ids_are_paths_of_their_own(admin: Admin) -> None:
    for path, methods in (("/virtual-keys/rotate", "POST"), ("/virtual-keys/quota", "GET")):
        for method in {"GET", "POST", "PUT", "DELETE"} - {methods}:
            answer = admin.ask(method, path, {})
            assert (answer.status_code, answer.headers.get("Allow")) == (405, methods), (method, path, answer.text)


# ---- changes --------------------------------------------------------------------------------------------------------
def test_what_is_left_out_of_a_change_stays_and_null_takes_away(admin: Admin) -> None:
    made = admin.key(
        description="A note", expires_at="2031-01-01T00:00:00Z", budgets=[DAY], rate_limit={"concurrent_max_limit": 2}
    )
    same = admin.change(made)
    assert {**same, "updated_at": None, "value": made["value"]} == {**made, "updated_at": None}
    bare = admin.change(made, description=None, expires_at=None, budgets=[], rate_limit=None)
    assert {"description", "expires_at", "rate_limit"}.isdisjoint(bare) and bare["budgets"] == []


def test_a_budget_keeps_its_usage_when_it_changes(admin: Admin) -> None:
    made = admin.key(budgets=[DAY, MONTH])
    day, month = made["budgets"]
    use(admin.gateway, day["id"], 3, 1)
    lowered = admin.change(made, budgets=[{"max_limit": 2, "reset_duration": "1d"}])
    (left,) = lowered["budgets"]
    assert (left["id"], left["current_usage"], left["reserved"], left["remaining"]) == (day["id"], 3, 1, -2)
    (weekly,) = admin.change(made, budgets=[{"id": day["id"], "max_limit": 9, "reset_duration": "1w"}])["budgets"]
    assert (weekly["id"], weekly["reset_duration"], weekly["current_usage"]) == (day["id"], "1w", 3)
    assert admin.refused("PUT", f"/virtual-keys/{made['id']}", {"budgets": [{"id": month["id"], "max_limit": 1}]}) == (
        404,
        "budget_not_found",
    )


def test_usage_is_forgotten_when_that_is_asked_for_but_not_what_is_reserved(admin: Admin) -> None:
    made = admin.key(budgets=[DAY], provider_configs=[{"provider": "runway", "budgets": [DAY]}])
    budgets = [made["budgets"][0], made["provider_configs"][0]["budgets"][0]]
    for budget in budgets:
        use(admin.gateway, budget["id"], 3, 1)
    changed = admin.change(made, reset_budget_usage=True)
    for budget in (changed["budgets"][0], changed["provider_configs"][0]["budgets"][0]):
        assert (budget["current_usage"], budget["reserved"]) == (0, 1)
        assert budget["last_reset"] == budgets[0]["last_reset"]


def test_budgets_become_aligned_all_at_once_and_keep_their_usage(admin: Admin) -> None:
    own = {**DAY, "calendar_aligned": False}
    made = admin.key(
        budgets=[DAY, {"max_limit": 9, "reset_duration": "1M"}],
        provider_configs=[{"provider": "runway", "budgets": [DAY]}],
    )
    use(admin.gateway, made["budgets"][0]["id"], 3)
    assert made["calendar_aligned"] is False
    aligned = admin.change(made, calendar_aligned=True)
    assert aligned["calendar_aligned"] is True and aligned["budgets"][0]["current_usage"] == 3
    assert aligned["provider_configs"][0]["budgets"][0]["calendar_aligned"] is True
    mixed = admin.change(made, budgets=[own, {"max_limit": 8, "reset_duration": "1M"}])
    assert [each["calendar_aligned"] for each in mixed["budgets"]] == [False, True]


def set_back(gateway: Gateway, meter_id: str, days: int) -> None:
    with psycopg.connect(dsn(gateway)) as connection:
        connection.execute(
            "UPDATE meters SET window_began = window_began - %s * interval '1 day' WHERE id = %s", [days, meter_id]
        )


SINCE_25_DAYS = {"max_limit": 50, "reset_duration": "1M"}


@pytest.mark.parametrize(
    "change",
    [
        {"calendar_aligned": True},
        {"budgets": [{**SINCE_25_DAYS, "calendar_aligned": True}]},
        {"budgets": [{**SINCE_25_DAYS, "reset_duration": "2w"}]},
        {"budgets": [{**SINCE_25_DAYS, "reset_duration": "1d", "calendar_aligned": True}]},
        {"budgets": [{"max_limit": 50}]},
        {"budgets": [{**SINCE_25_DAYS, "max_limit": 60}]},
    ],
)
def test_what_is_used_stays_used_when_its_window_changes(admin: Admin, change: dict[str, Any]) -> None:
    made = admin.key(budgets=[SINCE_25_DAYS])
    budget = made["budgets"][0]["id"]
    use(admin.gateway, budget, 49, 1)
    set_back(admin.gateway, budget, 25)
    asked = (
        {**change, "budgets": [{"id": budget, **each} for each in change["budgets"]]} if "budgets" in change else change
    )
    for _ in range(2):  # the second time nothing changes
        changed = admin.change(made, **asked)["budgets"][0]
        assert (changed["id"], changed["current_usage"], changed["reserved"]) == (budget, 49, 1)
    if "reset_duration" in changed:
        set_back(admin.gateway, budget, 62)
        read = admin.ask("GET", f"/virtual-keys/{made['id']}").json()["virtual_key"]["budgets"][0]
        assert (read["current_usage"], read["reserved"]) == (0, 1)


@pytest.mark.parametrize(
    "change", [{"calendar_aligned": True}, {"budgets": [{"max_limit": 50, "reset_duration": "1Y"}]}]
)
def test_what_was_used_in_a_window_that_is_over_is_not_used_in_another(admin: Admin, change: dict[str, Any]) -> None:
    made = admin.key(budgets=[SINCE_25_DAYS])
    budget = made["budgets"][0]["id"]
    use(admin.gateway, budget, 49)
    set_back(admin.gateway, budget, 32)
    asked = {"budgets": [{"id": budget, **each} for each in change["budgets"]]} if "budgets" in change else change
    assert admin.change(made, **asked)["budgets"][0]["current_usage"] == 0


def test_requests_stay_counted_when_their_window_changes(admin: Admin) -> None:
    limit = {"request_max_limit": 100, "request_reset_duration": "1M"}
    made = admin.key(rate_limit=limit)
    with psycopg.connect(dsn(admin.gateway)) as connection:
        found = connection.execute("SELECT id FROM meters WHERE scope_id = %s", [made["id"]]).fetchone()
    assert found is not None
    use(admin.gateway, found[0], 49)
    set_back(admin.gateway, found[0], 25)
    changed = admin.change(made, rate_limit={**limit, "request_reset_duration": "1d"})
    assert changed["rate_limit"]["request_current_usage"] == 49


def test_the_meters_of_a_provider_go_with_its_config(admin: Admin) -> None:
    made = admin.key(provider_configs=[{"provider": "runway", "budgets": [DAY]}, {"provider": "xai", "budgets": [DAY]}])
    kept = made["provider_configs"][1]["budgets"]
    changed = admin.change(made, provider_configs=[{"provider": "xai", "allowed_models": []}])
    assert [each["budgets"] for each in changed["provider_configs"]] == [kept]
    back = admin.change(made, provider_configs=[{"provider": "runway"}])
    assert [each["budgets"] for each in back["provider_configs"]] == [[]]


def test_two_changes_at_once_are_made_one_after_the_other(admin: Admin) -> None:
    made = admin.key(budgets=[DAY])

    def change(number: int) -> int:
        body = {"description": f"{number}", "budgets": [{"max_limit": number + 1, "reset_duration": f"{number + 1}h"}]}
        return admin.ask("PUT", f"/virtual-keys/{made['id']}", body).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(change, range(24))) == {200}
    (budget,) = admin.read(made)["budgets"]
    assert budget["reset_duration"] == f"{int(admin.read(made)['description']) + 1}h"


def test_one_of_many_creates_of_a_name_is_made(admin: Admin) -> None:
    name = unique("contested")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: admin.ask("POST", "/virtual-keys", {"name": name}).status_code, range(8)))
    assert sorted(answers) == [200] + [409] * 7


# ---- overrides ------------------------------------------------------------------------------------------------------
def test_a_budget_may_be_overridden_for_some_windows_or_for_ever(admin: Admin) -> None:
    made = admin.key(budgets=[MONTH], provider_configs=[{"provider": "runway", "budgets": [DAY]}])
    budget, of_provider = made["budgets"][0], made["provider_configs"][0]["budgets"][0]
    path = f"/virtual-keys/{made['id']}/budgets/{budget['id']}/override"
    once = admin.does("PUT", path, {"amount": 25, "mode": "cycles", "cycles": 1})["virtual_key"]["budgets"][0]
    assert (once["remaining"], once["override"]) == (75, {"amount": 25, "until": budget["resets_at"]})
    twice = admin.does("PUT", path, {"amount": 10, "mode": "cycles", "cycles": 2})["virtual_key"]["budgets"][0]
    until = datetime.fromisoformat(twice["override"]["until"])
    assert until > datetime.fromisoformat(budget["resets_at"]) and until.day == 1
    ever = admin.does("PUT", path, {"amount": 1.5, "mode": "forever"})["virtual_key"]["budgets"][0]
    assert (ever["remaining"], ever["override"]) == (51.5, {"amount": 1.5})
    ended = admin.does("DELETE", path)["virtual_key"]["budgets"][0]
    assert ended == budget
    path = f"/virtual-keys/{made['id']}/budgets/{of_provider['id']}/override"
    changed = admin.does("PUT", path, {"amount": 1, "mode": "forever"})["virtual_key"]
    assert changed["provider_configs"][0]["budgets"][0]["remaining"] == 6


def test_an_override_that_is_over_counts_no_more(admin: Admin) -> None:
    made = admin.key(budgets=[DAY])
    path = f"/virtual-keys/{made['id']}/budgets/{made['budgets'][0]['id']}/override"
    admin.does("PUT", path, {"amount": 25, "mode": "cycles", "cycles": 3})
    with psycopg.connect(dsn(admin.gateway)) as connection:
        connection.execute("UPDATE meters SET override_until = now() WHERE id = %s", (made["budgets"][0]["id"],))
    assert "override" not in admin.read(made)["budgets"][0]


def test_overrides_that_cannot_be(admin: Admin) -> None:
    made, other = admin.key(budgets=[{"max_limit": 5}]), admin.key(budgets=[DAY])
    path = f"/virtual-keys/{made['id']}/budgets/{made['budgets'][0]['id']}/override"
    for body in ({"amount": 1}, {"amount": 1, "mode": "cycles"}, {"amount": 1, "mode": "forever", "cycles": 1}):
        assert admin.refused("PUT", path, body) == (400, "invalid_request")
    assert admin.refused("PUT", path, {"amount": 1, "mode": "cycles", "cycles": 1}) == (409, "budget_never_reset")
    path = f"/virtual-keys/{made['id']}/budgets/{other['budgets'][0]['id']}/override"
    assert admin.refused("PUT", path, {"amount": 1, "mode": "forever"}) == (404, "budget_not_found")


# ---- rotating -------------------------------------------------------------------------------------------------------
def test_a_rotated_key_has_a_new_value_and_keeps_the_rest(admin: Admin) -> None:
    made = admin.key(
        allow_all_providers=True, budgets=[DAY], rate_limit={"request_max_limit": 9, "request_reset_duration": "1d"}
    )
    video = admin.job(made["value"])
    use(admin.gateway, made["budgets"][0]["id"], 3, 1)
    rotated = admin.does("POST", f"/virtual-keys/{made['id']}/rotate")["virtual_key"]
    assert rotated["id"] == made["id"] and rotated["value"] != made["value"]
    assert rotated["budgets"][0]["current_usage"] == 3
    assert admin.status(made["value"]) == (401, "virtual_key_not_found")
    assert admin.gateway.ask("GET", f"/v1/videos/{video}", rotated["value"]).status_code == 200
    afresh = admin.does("POST", f"/virtual-keys/{made['id']}/rotate", {"keep_usage": False})["virtual_key"]
    assert (afresh["budgets"][0]["current_usage"], afresh["budgets"][0]["reserved"]) == (0, 1)


def test_several_keys_are_rotated_together_or_not_at_all(admin: Admin) -> None:
    first, second = admin.key(), admin.key()
    ids = [second["id"], first["id"]]
    done = admin.does("POST", "/virtual-keys/rotate", {"ids": ids})
    assert [each["id"] for each in done["virtual_keys"]] == ids and done["count"] == 2
    assert admin.status(first["value"]) == (401, "virtual_key_not_found")
    assert [admin.status(each["value"]) for each in done["virtual_keys"]] == [LET_IN] * 2
    refused = admin.refused("POST", "/virtual-keys/rotate", {"ids": [first["id"], f"vk_{NO_ONE}"]})
    assert refused == (404, "virtual_key_not_found")
    assert [admin.status(each["value"]) for each in done["virtual_keys"]] == [LET_IN] * 2


# ---- rights, at once ------------------------------------------------------------------------------------------------
def test_disabling_expiring_and_deleting_count_at_once(admin: Admin) -> None:
    made = admin.key()
    assert admin.status(made["value"]) == LET_IN
    admin.change(made, is_active=False)
    assert admin.status(made["value"]) == (403, "virtual_key_blocked")
    admin.change(made, is_active=True, expires_at="2020-01-01T00:00:00Z")
    assert admin.status(made["value"]) == (403, "access_blocked")
    admin.change(made, expires_at=None)
    assert admin.status(made["value"]) == LET_IN
    assert admin.does("DELETE", f"/virtual-keys/{made['id']}") == {"message": "The virtual key was deleted."}
    assert admin.status(made["value"]) == (401, "virtual_key_not_found")


def test_the_meters_of_a_deleted_key_are_gone(admin: Admin) -> None:
    made = admin.key(budgets=[DAY], provider_configs=[{"provider": "runway", "budgets": [DAY]}])
    admin.does("DELETE", f"/virtual-keys/{made['id']}")
    with psycopg.connect(dsn(admin.gateway)) as connection:
        count = connection.execute("SELECT count(*) FROM meters WHERE scope_id LIKE %s", (f"{made['id']}%",)).fetchone()
    assert count == (0,)


def test_changes_count_in_other_processes_within_a_moment(admin: Admin, tmp_path: Path) -> None:
    with running(tmp_path, admin.gateway.settings.database_url.get_secret_value(), api_keys="") as other:  # type: ignore[union-attr]
        there = Admin(other)
        made = admin.key()
        assert there.status(made["value"]) == LET_IN
        for change, wanted in (
            ({"is_active": False}, (403, "virtual_key_blocked")),
            ({"is_active": True}, LET_IN),
        ):
            admin.change(made, **change)
            until(there, made["value"], wanted)
        admin.does("DELETE", f"/virtual-keys/{made['id']}")
        until(there, made["value"], (401, "virtual_key_not_found"))
        judge(other, other.exchanges)


def until(admin: Admin, value: str, wanted: tuple[int, str]) -> None:
    end = time.monotonic() + 10
    while (seen := admin.status(value)) != wanted:
        assert time.monotonic() < end, f"{seen} is not {wanted}"
        time.sleep(0.01)


def test_governance_is_for_admins(admin: Admin, gateway: Gateway) -> None:
    value = admin.key(allow_all_providers=True)["value"]
    paths = ("/virtual-keys", "/teams", "/customers", "/budgets", "/rate-limits", "/providers", "/pricing-overrides")
    for path in paths:
        answer = admin.ask("GET", path, key=value)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "admin_required")
        answer = gateway.ask("GET", f"/api/governance{path}", ALICE)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "admin_required")
    assert requests.post(gateway.url + "/api/governance/teams", json={"name": "x"}, timeout=10).status_code == 401


# ---- quota ----------------------------------------------------------------------------------------------------------
def test_a_key_sees_its_own_quota_and_all_that_limits_it(admin: Admin, gateway: Gateway) -> None:
    customer = admin.customer(budgets=[MONTH])
    team = admin.team(customer_id=customer["id"], budgets=[MONTH], rate_limit={"concurrent_max_limit": 4})
    config = {"provider": "runway", "budgets": [DAY]}
    made = admin.key(team_id=team["id"], budgets=[DAY], provider_configs=[config], expires_at="2031-01-01T00:00:00Z")
    use(admin.gateway, team["budgets"][0]["id"], 20)
    quota = admin.ask("GET", "/virtual-keys/quota", key=made["value"]).json()
    assert (quota["virtual_key_name"], quota["is_active"], quota["expires_at"]) == (
        made["name"],
        True,
        "2031-01-01T00:00:00Z",
    )
    remaining = {each["scope"]: each["remaining"] for each in quota["budgets"]}
    assert remaining == {"customer": 50, "team": 30, "virtual_key": 5, "provider_config": 5}
    assert [(each["scope"], each["concurrent_max_limit"]) for each in quota["rate_limits"]] == [("team", 4)]
    assert admin.refused("GET", "/virtual-keys/quota") == (400, "virtual_key_only")
    answer = gateway.ask("GET", "/api/governance/virtual-keys/quota", ALICE)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "virtual_key_only")


# ---- secrets --------------------------------------------------------------------------------------------------------
def test_no_value_is_in_the_database_or_in_any_list(admin: Admin) -> None:
    made = admin.key()
    values = [made["value"], admin.does("POST", f"/virtual-keys/{made['id']}/rotate")["virtual_key"]["value"]]
    with psycopg.connect(dsn(admin.gateway)) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        held = "".join(
            str(row)
            for (table,) in tables
            for row in connection.execute(
                psycopg.sql.SQL("SELECT t::text FROM {} t").format(psycopg.sql.Identifier(table))
            )
        )
    assert made["id"] in held
    listed = "".join(
        admin.ask("GET", path, limit=1000).text for path in ("/virtual-keys", "/teams", "/budgets", "/rate-limits")
    )
    for value in values:
        assert value not in held and value not in listed


@pytest.mark.parametrize("field", ["allowed_models", "blacklisted_models"])
@pytest.mark.parametrize(
    ("name", "code", "right"),
    [("runway/gen4.5", "invalid_pattern", "'gen4.5'"), ("gen4*", "invalid_request", "`regex:gen4.*`")],
)
def test_what_would_fit_no_model_is_refused(admin: Admin, field: str, name: str, code: str, right: str) -> None:
    config = {"provider": "runway", field: [name]}
    answer = admin.ask("POST", "/virtual-keys", {"name": unique("x"), "provider_configs": [config]})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, code) and right in error["message"]
