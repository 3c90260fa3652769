"""All budgets and limits in one list, and those of providers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.handlers.governance.admin import Admin

DAY = {"max_limit": 5, "reset_duration": "1d"}
REQUESTS = {"request_max_limit": 5, "request_reset_duration": "1h"}


def test_every_budget_and_limit_is_listed_with_whom_it_is_for(admin: Admin) -> None:
    team = admin.team(budgets=[DAY], rate_limit=REQUESTS)
    key = admin.key(budgets=[DAY], provider_configs=[{"provider": "runway", "budgets": [DAY], "rate_limit": REQUESTS}])
    mine = {team["id"], key["id"], f"{key['id']}/runway"}
    listed = admin.does("GET", "/budgets", limit=1000)["budgets"]
    assert [each for each in listed if each["scope_id"] in mine] == [
        *team["budgets"],
        *key["budgets"],
        *key["provider_configs"][0]["budgets"],
    ]
    listed = admin.does("GET", "/rate-limits", limit=1000)["rate_limits"]
    assert [each for each in listed if each["scope_id"] in mine] == [
        team["rate_limit"],
        key["provider_configs"][0]["rate_limit"],
    ]


def test_the_lists_are_read_in_pages(admin: Admin) -> None:
    for path, name in (("/budgets", "budgets"), ("/rate-limits", "rate_limits")):
        admin.team(budgets=[DAY], rate_limit=REQUESTS)
        everything = admin.does("GET", path, limit=1000)
        assert everything["count"] == everything["total_count"] == len(everything[name])
        last = admin.does("GET", path, limit=1, offset=everything["total_count"] - 1)
        assert (last[name], last["total_count"]) == (everything[name][-1:], everything["total_count"])


def test_a_provider_and_its_keys_have_limits_of_their_own(admin: Admin) -> None:
    path = "/providers/runway"
    asked = {"budgets": [DAY], "keys": {"sandbox": {"rate_limit": {"concurrent_max_limit": 3}}}}
    shown = admin.does("PUT", path, asked)["provider"]
    assert [(each["scope"], each["scope_id"]) for each in shown["budgets"]] == [("provider", "runway")]
    assert shown["keys"]["sandbox"]["rate_limit"]["scope_id"] == "runway/sandbox"
    assert shown in admin.does("GET", "/providers")["providers"]
    same = admin.does("PUT", path, {"keys": {"sandbox": {"budgets": [DAY]}}})["provider"]
    assert same["budgets"] == shown["budgets"]
    assert same["keys"]["sandbox"]["rate_limit"] == shown["keys"]["sandbox"]["rate_limit"]
    bare = admin.does("PUT", path, {"budgets": [], "keys": {"sandbox": {"budgets": [], "rate_limit": None}}})[
        "provider"
    ]
    assert bare == {"provider": "runway", "budgets": [], "keys": {"sandbox": {"budgets": []}}}


def test_providers_and_keys_that_are_not_configured(admin: Admin) -> None:
    assert admin.refused("PUT", "/providers/nobody", {}) == (404, "provider_not_found")
    asked = {"budgets": [DAY], "keys": {"other": {}}}
    assert admin.refused("PUT", "/providers/xai", asked) == (404, "key_not_found")
    (shown,) = [each for each in admin.does("GET", "/providers")["providers"] if each["provider"] == "xai"]
    assert shown["budgets"] == []


def test_two_changes_at_once_are_made_one_after_the_other(admin: Admin) -> None:
    def change(number: int) -> int:
        return admin.ask("PUT", "/providers/openai", {"budgets": [{"max_limit": 1 + number}]}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(change, range(16))) == {200}
    (shown,) = [each for each in admin.does("GET", "/providers")["providers"] if each["provider"] == "openai"]
    assert len(shown["budgets"]) == 1
    admin.does("PUT", "/providers/openai", {"budgets": []})
