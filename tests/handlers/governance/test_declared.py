"""What the configuration file declares of governance: brought in at every start, with what was used of it."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from sqlalchemy import make_url, select, text

from handlers import operating
from handlers.access import virtual_keys
from handlers.access.books import Books
from handlers.access.declared import declare
from handlers.access.directory import Directory
from handlers.configuration import ConfigurationError, Governance, validated
from handlers.jobs import holds
from handlers.jobs.access_tables import meters
from handlers.jobs.database import engine_for, migrate
from tests.gateway import ROOT, judge, new_database, running
from tests.handlers.governance.admin import Admin
from tests.handlers.test_ledger import until
from tests.handlers.wire import dsn

VALUE, OTHER = "sk-bf-declared-in-the-file-0001", "sk-bf-declared-in-the-file-0002"
FILE: dict[str, Any] = {
    "customers": [{"id": "c1", "name": "northlight", "budgets": [{"max_limit": 500, "reset_duration": "1M"}]}],
    "teams": [{"id": "t1", "name": "compositing", "customer_id": "c1", "rate_limit": {"concurrent_max_limit": 4}}],
    "virtual_keys": [
        {
            "id": "k1",
            "name": "render-farm",
            "value": "env.RENDER_FARM_KEY",
            "team_id": "compositing",
            "allow_all_providers": True,
            "calendar_aligned": True,
            "provider_configs": [{"provider": "runway", "budgets": [{"max_limit": 5, "reset_duration": "1d"}]}],
        }
    ],
    "budgets": [
        {"id": "b1", "virtual_key_id": "k1", "max_limit": 50, "reset_duration": "1M"},
        {"team_id": "t1", "max_limit": 100.25, "reset_duration": "1M", "calendar_aligned": True},
    ],
    "rate_limits": [{"virtual_key_id": "k1", "request_max_limit": 60, "request_reset_duration": "1m"}],
    "pricing_overrides": [
        {
            "name": "contract",
            "scope_kind": "virtual_key",
            "virtual_key_id": "k1",
            "match_type": "wildcard",
            "pattern": "gen4*",
            "patch": {"usd_per_second": 0.1},
        }
    ],
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENDER_FARM_KEY", VALUE)


@contextmanager
def started(directory: Path, database: str, governance: dict[str, Any]) -> Iterator[Admin]:
    with running(directory, database, {"governance": governance}, api_keys="", sandbox=True) as gateway:
        yield Admin(gateway)
        judge(gateway, gateway.exchanges)


def only(admin: Admin, path: str) -> dict[str, Any]:
    (found,) = admin.does("GET", f"/{path}")[path.replace("-", "_")]
    assert isinstance(found, dict)
    return found


def test_what_the_file_declares_is_there_when_the_gateway_starts(tmp_path: Path) -> None:
    with started(tmp_path, new_database(), FILE) as admin:
        customer, team, key = (only(admin, path) for path in ("customers", "teams", "virtual-keys"))
        assert (team["customer_id"], key["team_id"]) == (customer["id"], team["id"])
        assert {each["source"] for each in (customer, team, key)} == {"file"}
        assert [each["max_limit"] for each in team["budgets"]] == [100.25]
        assert [(each["max_limit"], each["calendar_aligned"]) for each in key["budgets"]] == [(50, True)]
        assert key["provider_configs"][0]["budgets"][0]["calendar_aligned"] is True
        assert (key["rate_limit"]["request_max_limit"], team["rate_limit"]["concurrent_max_limit"]) == (60, 4)
        assert admin.status(VALUE) == (404, "video_not_found")
        override = only(admin, "pricing-overrides")
        assert (override["virtual_key_id"], override["patch"]) == (key["id"], {"usd_per_second": 0.1})
        with psycopg.connect(dsn(admin.gateway)) as connection:
            assert VALUE not in str(connection.execute("SELECT v::text FROM virtual_keys v").fetchall())


def test_a_command_without_the_file_leaves_alone_what_a_server_declares(tmp_path: Path) -> None:
    with started(tmp_path, new_database(), FILE) as admin:
        before = [admin.does("GET", f"/{path}") for path in ("customers", "teams", "virtual-keys", "pricing-overrides")]
        elsewhere = admin.gateway.settings.model_copy(update={"data_dir": tmp_path / "elsewhere"})
        assert asyncio.run(operating.unknown(elsewhere)) == []
        assert admin.status(VALUE) == (404, "video_not_found")
        after = [admin.does("GET", f"/{path}") for path in ("customers", "teams", "virtual-keys", "pricing-overrides")]
        assert after == before


@pytest.mark.parametrize("document", ["configuration.md", "governance.md"])
def test_the_examples_of_the_documents_can_be_brought_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, document: str
) -> None:
    monkeypatch.setenv("RENDER_FARM_VIRTUAL_KEY", VALUE)
    (example,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / document).read_text(), re.DOTALL)
    with started(tmp_path, new_database(), yaml.safe_load(example)["governance"]) as admin:
        assert only(admin, "virtual-keys")["name"] == "render-farm"
        assert admin.status(VALUE) == (404, "video_not_found")


def test_a_server_says_why_it_does_not_start(tmp_path: Path) -> None:
    database, file = new_database(), tmp_path / "config.json"
    with started(tmp_path, database, {}) as admin:
        admin.team(name="compositing")
    file.write_text(json.dumps({"governance": {"teams": [{"name": "compositing"}]}}))
    settings = {"DATABASE_URL": database, "REELGATE_CONFIG": str(file), "REELGATE_DATA_DIR": str(tmp_path), "PORT": "0"}
    command = [sys.executable, "-m", "reelgate", "serve"]
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode != 0
    assert "there is a team 'compositing' already that was made with the API" in ended.stderr


def test_the_api_leaves_alone_what_the_file_declares(tmp_path: Path) -> None:
    with started(tmp_path, new_database(), FILE) as admin:
        key, override = only(admin, "virtual-keys"), only(admin, "pricing-overrides")
        paths = {
            f"/virtual-keys/{key['id']}": {"is_active": False},
            f"/teams/{key['team_id']}": {"name": "other"},
            f"/customers/{only(admin, 'customers')['id']}": {"name": "other"},
            f"/pricing-overrides/{override['id']}": {"pattern": "x"},
        }
        for path, body in paths.items():
            assert admin.refused("PUT", path, body) == (409, "declared_in_file")
            assert admin.refused("DELETE", path) == (409, "declared_in_file")
        path = f"/virtual-keys/{key['id']}"
        assert admin.refused("POST", f"{path}/rotate") == (409, "declared_in_file")
        assert admin.refused("POST", "/virtual-keys/rotate", {"ids": [key["id"]]}) == (409, "declared_in_file")
        path = f"{path}/budgets/{key['budgets'][0]['id']}/override"
        assert admin.refused("PUT", path, {"amount": 1, "mode": "forever"}) == (409, "declared_in_file")
        assert admin.status(VALUE) == (404, "video_not_found")


def test_ids_usage_and_jobs_stay_from_start_to_start(tmp_path: Path) -> None:
    database = new_database()
    with started(tmp_path, database, FILE) as admin:
        video = admin.job(VALUE)
        admin.gateway.finished(video, key=VALUE)  # and what it cost is counted
        before = only(admin, "virtual-keys")
        with psycopg.connect(dsn(admin.gateway)) as connection:
            connection.execute("UPDATE meters SET used = 7, held = 2 WHERE id = %s", (before["budgets"][0]["id"],))
    with started(tmp_path, database, FILE) as admin:
        after = only(admin, "virtual-keys")
        assert (after["budgets"][0]["current_usage"], after["budgets"][0]["reserved"]) == (7, 2)
        assert {**after, "budgets": None} == {**before, "budgets": None}
    changed = copy.deepcopy(FILE)
    changed["virtual_keys"][0] |= {"name": "farm", "description": "The nightly renders"}
    changed["budgets"][0]["max_limit"] = 80
    with started(tmp_path, database, changed) as admin:
        after = only(admin, "virtual-keys")
        assert (after["id"], after["name"]) == (before["id"], "farm")
        assert (after["budgets"][0]["id"], after["budgets"][0]["remaining"]) == (before["budgets"][0]["id"], 71)
        assert admin.gateway.ask("GET", f"/v1/videos/{video}", VALUE).status_code == 200


def test_a_new_value_in_the_environment_takes_the_place_of_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = new_database()
    with started(tmp_path, database, FILE) as admin:
        before = only(admin, "virtual-keys")
    monkeypatch.setenv("RENDER_FARM_KEY", OTHER)
    with started(tmp_path, database, FILE) as admin:
        assert only(admin, "virtual-keys")["id"] == before["id"]
        assert admin.status(VALUE) == (401, "virtual_key_not_found")
        assert admin.status(OTHER) == (404, "video_not_found")


def test_what_is_gone_from_the_file_is_gone_and_what_the_api_made_is_not(tmp_path: Path) -> None:
    database = new_database()
    with started(tmp_path, database, FILE) as admin:
        made = admin.key()
    with started(tmp_path, database, {}) as admin:
        assert only(admin, "virtual-keys")["id"] == made["id"]
        for path in ("teams", "customers", "budgets", "rate-limits", "pricing-overrides"):
            assert admin.does("GET", f"/{path}")["total_count"] == 0
        assert admin.status(VALUE) == (401, "virtual_key_not_found")
        assert admin.status(made["value"]) == (404, "video_not_found")


def test_processes_that_start_together_bring_it_in_once(tmp_path: Path) -> None:
    database = new_database()

    def start(number: int) -> str:
        with started(tmp_path / str(number), database, FILE) as admin:
            key: str = only(admin, "virtual-keys")["id"]
            assert admin.does("GET", "/budgets")["total_count"] == 4
            return key

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(start, range(3)))) == 1


def why_not(directory: Path, database: str, governance: dict[str, Any]) -> str:
    """Why a gateway does not start with this file."""
    with pytest.raises(ConfigurationError) as refused, started(directory, database, governance):
        pass
    return str(refused.value)


CONFLICTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "a key": ("virtual-keys", {"name": "render-farm"}, "virtual_keys[0]: there is a virtual key 'render-farm' already"),
    "a value": ("virtual-keys", {"name": "x", "value": VALUE}, "virtual_keys[0]: there is a virtual key 'x' already"),
    "a team": ("teams", {"name": "compositing"}, "teams[0]: there is a team 'compositing' already"),
    "a customer": ("customers", {"name": "northlight"}, "customers[0]: there is a customer 'northlight' already"),
    "a price": (
        "pricing-overrides",
        {**FILE["pricing_overrides"][0], "scope_kind": "global", "virtual_key_id": None},
        "pricing_overrides[0]: there is a pricing override 'contract' already",
    ),
}


@pytest.mark.parametrize("what", CONFLICTS)
def test_what_the_api_made_is_not_taken_over(tmp_path: Path, what: str) -> None:
    path, body, wanted = CONFLICTS[what]
    database = new_database()
    with started(tmp_path, database, {}) as admin:
        admin.does("POST", f"/{path}", {name: value for name, value in body.items() if value is not None})
    said = why_not(tmp_path, database, FILE)
    assert wanted in said and "Delete that one, or take this one out of the file" in said
    with started(tmp_path, database, {}) as admin:
        assert admin.does("GET", f"/{path}")["total_count"] == 1


def test_a_team_that_the_api_uses_stays_in_the_file(tmp_path: Path) -> None:
    database = new_database()
    with started(tmp_path, database, FILE) as admin:
        admin.key(name="of-the-api", team_id=only(admin, "teams")["id"])
    said = why_not(tmp_path, database, {})
    assert "teams no longer has 'compositing': The team is that of the virtual key 'of-the-api'" in said


def changed(where: str, **also: Any) -> dict[str, Any]:
    file = copy.deepcopy(FILE)
    file[where][0] |= also
    return file


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a team that is not in the file": (
        changed("virtual_keys", team_id="nobody"),
        "virtual_keys[0]: the file declares no team",
    ),
    "an owner that is not in the file": (
        changed("budgets", virtual_key_id="k9"),
        "budgets[0].virtual_key_id: the file",
    ),
    "two limits": (
        changed("virtual_keys", rate_limit={"concurrent_max_limit": 1}),
        "virtual_keys[0]: it has two rate limits",
    ),
    "two budgets of one duration": (
        changed("budgets", virtual_key_id=None, team_id="t1"),
        "teams[0]: Two budgets have the same",
    ),
    "a team and a customer": (
        changed("virtual_keys", customer_id="c1"),
        "virtual_keys[0]: A virtual key is of a team or",
    ),
    "a pattern that is none": (
        changed("virtual_keys", provider_configs=[{"provider": "runway", "allowed_models": ["regex:("]}]),
        "virtual_keys[0]: 'regex:(' is no regular expression",
    ),
    "a scope without its ids": (
        changed("pricing_overrides", scope_kind="provider"),
        "pricing_overrides[0]: An override with",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_mistakes_that_only_show_together_are_named_and_nothing_is_changed(tmp_path: Path, what: str) -> None:
    governance, wanted = WRONG[what]
    database = new_database()
    said = why_not(tmp_path, database, governance)
    assert wanted in said and VALUE not in said
    with started(tmp_path, database, {}) as admin:
        assert admin.does("GET", "/customers")["total_count"] == 0


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "the old name of budgets": (
        changed("virtual_keys", budget={"max_limit": 1}),
        "virtual_keys[0].budget: there is no such key",
    ),
    "a value that is no key": (changed("virtual_keys", value="hunter2"), "virtual_keys[0].value: must be `sk-bf-`"),
    "a variable that is not set": (
        changed("virtual_keys", value="env.NOWHERE"),
        "virtual_keys[0].value: the environment",
    ),
    "two owners": (changed("budgets", team_id="t1"), "budgets[0]: needs one of `virtual_key_id`"),
    "no owner": (changed("rate_limits", virtual_key_id=None), "rate_limits[0]: needs one of"),
    "a limit without its duration": (
        changed("rate_limits", request_reset_duration=None),
        "rate_limits[0]: `request_max_limit`",
    ),
    "a name twice": ({"teams": [{"name": "a"}, {"name": "b", "id": "a"}]}, "two of `teams` are called 'a'"),
    "a price of another kind": (
        changed("pricing_overrides", patch={"usd": 1}),
        "pricing_overrides[0].patch: usd: there is",
    ),
    "no price": (changed("pricing_overrides", patch={}), "pricing_overrides[0].patch: needs a price"),
    "half a millionth": (changed("budgets", max_limit=0.0000015), "budgets[0].max_limit"),
}


@pytest.mark.parametrize("what", BAD)
def test_mistakes_are_named_by_their_place(what: str) -> None:
    governance, wanted = BAD[what]
    with pytest.raises(ConfigurationError) as refused:
        validated({"governance": governance}, {"RENDER_FARM_KEY": VALUE}, "the file")
    assert wanted in str(refused.value) and "hunter2" not in str(refused.value)


async def test_a_job_and_the_file_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_for(make_url(new_database()).set(drivername="postgresql+psycopg"))
    await migrate(engine)
    books = Books(engine, Directory(engine))
    key = {"name": "k", "value": f"sk-bf-{'a' * 32}", "team_id": "t", "budgets": [{"max_limit": 5}]}
    limit = {"rate_limit": {"concurrent_max_limit": 9}}

    def said(**team: Any) -> Governance:
        return validated({"governance": {"teams": [{"name": "t", **team}], "virtual_keys": [key]}}, {}, "x").governance

    await declare(books, said())
    await declare(books, said(**limit))  # so that the team's meter is the newer, and jobs lock it last
    async with engine.connect() as connection:
        ids = (await connection.execute(select(meters.c.id).order_by(meters.c.scope.desc()))).scalars().all()
    assert [*ids] == sorted(ids), "the key's, then the team's"
    change, taken = virtual_keys.change_key, []

    async def take() -> None:
        async with engine.begin() as connection:
            await holds.reserve(connection, {meter: Decimal(1) for meter in ids})

    async def waiting() -> bool:
        query = (
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        async with engine.connect() as connection:
            return bool((await connection.execute(text(query))).scalar_one())

    async def change_while_a_job_is_made(*args: Any, **named: Any) -> Any:
        taken.append(asyncio.create_task(take()))
        await until(waiting, 10)
        return await change(*args, **named)

    monkeypatch.setattr(virtual_keys, "change_key", change_while_a_job_is_made)
    try:
        await declare(books, said(**limit))
        await asyncio.gather(*taken)
        async with engine.connect() as connection:
            assert (await connection.execute(select(meters.c.held))).scalars().all() == [1, 1]
    finally:
        await engine.dispose()
