"""Pricing overrides: kept as they are said, if their scope has the ids that it needs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.handlers.governance.admin import NO_ONE, Admin, unique

PATCH = {"usd_per_second": 0.1, "output_cost_per_video_per_second_720p": 0.2, "resolution": "720p", "audio": True}


def asked(**also: Any) -> dict[str, Any]:
    plain = {
        "name": unique("price"),
        "scope_kind": "global",
        "match_type": "exact",
        "pattern": "gen4.5",
        "patch": PATCH,
    }
    return {**plain, **also}


def test_it_is_made_read_changed_and_deleted(admin: Admin) -> None:
    body = asked(scope_kind="provider", provider="runway", request_types=["video_generation"])
    made = admin.does("POST", "/pricing-overrides", body)["pricing_override"]
    assert {name: made[name] for name in body} == body
    path = f"/pricing-overrides/{made['id']}"
    assert admin.does("GET", path) == {"pricing_override": made}
    changed = admin.does("PUT", path, {"match_type": "wildcard", "pattern": "gen4*"})["pricing_override"]
    assert (changed["pattern"], changed["provider"], changed["patch"]) == ("gen4*", "runway", PATCH)
    wider = admin.does("PUT", path, {"scope_kind": "global", "patch": {"usd_per_video": 1}})["pricing_override"]
    assert ("provider" in wider, wider["patch"]) == (False, {"usd_per_video": 1})
    listed = admin.does("GET", "/pricing-overrides", search=made["name"], scope_kind="global")
    assert (listed["pricing_overrides"], listed["total_count"]) == ([wider], 1)
    assert admin.does("GET", "/pricing-overrides", search=made["name"], provider="runway")["count"] == 0
    admin.does("DELETE", path)
    gone = (404, "pricing_override_not_found")
    assert admin.refused("GET", path) == admin.refused("PUT", path, {}) == admin.refused("DELETE", path) == gone


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an id too many": ({"provider": "runway"}, "invalid_scope"),
    "an id too few": ({"scope_kind": "provider"}, "invalid_scope"),
    "one of two ids": ({"scope_kind": "provider_key", "provider": "runway"}, "invalid_scope"),
    "a star in the middle": ({"match_type": "wildcard", "pattern": "gen*5"}, "invalid_pattern"),
    "no price": ({"patch": {}}, "invalid_request"),
    "a price that is not known": ({"patch": {"output_cost_per_token": 1}}, "invalid_request"),
    "sound, and no price": ({"patch": {"audio": False}}, "invalid_request"),
    "a price that is said twice": (
        {"patch": {"usd_per_second": 1, "output_cost_per_video_per_second": 2}},
        "invalid_request",
    ),
    "a price below nothing": ({"patch": {"usd_per_second": -1}}, "invalid_request"),
    "a kind of request that makes no video": ({"request_types": ["video_delete"]}, "invalid_request"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_makes_no_sense_is_refused(admin: Admin, what: str) -> None:
    also, code = WRONG[what]
    assert admin.refused("POST", "/pricing-overrides", asked(**also)) == (400, code)


def test_a_name_is_taken_once(admin: Admin) -> None:
    made = admin.does("POST", "/pricing-overrides", asked())["pricing_override"]
    assert admin.refused("POST", "/pricing-overrides", asked(name=made["name"])) == (409, "name_taken")


def test_an_override_for_a_virtual_key_goes_with_it(admin: Admin) -> None:
    key = admin.key()
    of_key = {"scope_kind": "virtual_key", "virtual_key_id": key["id"]}
    made = admin.does("POST", "/pricing-overrides", asked(**of_key))["pricing_override"]
    assert admin.does("GET", "/pricing-overrides", virtual_key_id=key["id"])["pricing_overrides"] == [made]
    admin.does("DELETE", f"/virtual-keys/{key['id']}")
    assert admin.refused("GET", f"/pricing-overrides/{made['id']}") == (404, "pricing_override_not_found")
    nobodys = asked(scope_kind="virtual_key", virtual_key_id=f"vk_{NO_ONE}")
    assert admin.refused("POST", "/pricing-overrides", nobodys) == (404, "virtual_key_not_found")


@pytest.mark.parametrize("audio", [False, True])
def test_a_price_for_videos_with_sound_is_for_no_others(admin: Admin, audio: bool) -> None:
    patch = {"usd_per_second": 7, "resolution": "720p", "audio": audio}
    made = admin.does("POST", "/pricing-overrides", asked(pattern="veo3.1", patch=patch))["pricing_override"]
    with_, without = (
        admin.gateway.create(model="runway/veo3.1", audio=wanted, seconds="4", size="1280x720")
        for wanted in (audio, not audio)
    )
    admin.does("DELETE", f"/pricing-overrides/{made['id']}")
    assert with_["usage"]["estimated_cost"] == 28
    assert "usage" not in without, "it took the place of all prices of the model"
