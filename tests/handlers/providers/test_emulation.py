"""The emulators of a gateway with keys are its own: nobody else finds them, or what was made with them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from handlers.providers.emulation import OPEN, emulation
from handlers.providers.registry import PROVIDERS
from handlers.settings import load
from tests.gateway import EMULATED, KEYS, running

KEY = PROVIDERS["openai"].sandbox_secret


def listed(url: str, key: str) -> requests.Response:
    return requests.get(f"{url}{EMULATED['openai']}/videos", headers={"Authorization": f"Bearer {key}"}, timeout=20)


def test_strangers_do_not_find_the_sandbox_and_tenants_nothing_in_it(tmp_path: Path) -> None:
    secret = "what alice makes [sandbox:no-render]"
    with running(tmp_path) as gateway:
        gateway.create(secret, model="openai/sora-2")
        own = gateway.emulated_key("openai")
        assert secret in listed(gateway.sandbox, own).text
        for key in (KEY, own):  # where everybody would look
            assert listed(f"{gateway.url}/sandbox", key).status_code == 404
        found = listed(gateway.sandbox, KEY)  # whose place the URL of a file may give away
        assert (found.status_code, found.json()["data"]) == (200, [])


def test_on_a_gateway_that_is_open_it_is_where_everybody_would_look(tmp_path: Path) -> None:
    with running(tmp_path, api_keys="") as gateway:
        assert gateway.sandbox == f"{gateway.url}/sandbox"
        assert listed(gateway.sandbox, KEY).status_code == 200


@pytest.mark.parametrize("setting", [{"api_keys": KEYS}, {"admin_password": "a password of the tests"}])
def test_processes_with_the_same_data_agree(tmp_path: Path, setting: dict[str, str]) -> None:
    settings = load(data_dir=tmp_path, **setting)
    with ThreadPoolExecutor(16) as pool:
        (one,) = set(pool.map(lambda _: emulation(settings), range(64)))
    assert one != OPEN and one.account.isalnum() and one.prefix.startswith("/sandbox/")
    (file,) = (tmp_path / "sandbox").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert emulation(load(data_dir=tmp_path / "another", **setting)) != one
