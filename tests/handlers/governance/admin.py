"""What admins do over HTTP, in a line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests
from ulid import ULID

from tests.gateway import Gateway

NO_ONE = "0" * 26
"""The ULID of nothing."""


ANY = "any-key"
"""An open gateway takes it for none; SDKs cannot do without one, and neither does the document."""


def unique(name: str) -> str:
    return f"{name}-{ULID()}"


@dataclass(frozen=True)
class Admin:
    """The admin of a gateway, which is open."""

    gateway: Gateway

    def ask(self, method: str, path: str, body: Any = None, *, key: str = ANY, **query: Any) -> requests.Response:
        return self.gateway.ask(method, f"/api/governance{path}", key, json=body, params=query)

    def does(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """An answer with 200."""
        answer = self.ask(method, path, body, **query)
        assert answer.status_code == 200, answer.text
        done: dict[str, Any] = answer.json()
        return done

    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, str]:
        """The status and the code of a refusal."""
        answer = self.ask(method, path, body, **query)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["error"]["code"]

    def key(self, **asked: Any) -> dict[str, Any]:
        """A new virtual key, with its value."""
        made: dict[str, Any] = self.does("POST", "/virtual-keys", {"name": unique("key"), **asked})["virtual_key"]
        return made

    def team(self, **asked: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.does("POST", "/teams", {"name": unique("team"), **asked})["team"]
        return made

    def customer(self, **asked: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.does("POST", "/customers", {"name": unique("customer"), **asked})["customer"]
        return made

    def change(self, key: dict[str, Any], **asked: Any) -> dict[str, Any]:
        changed: dict[str, Any] = self.does("PUT", f"/virtual-keys/{key['id']}", asked)["virtual_key"]
        return changed

    def read(self, key: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.does("GET", f"/virtual-keys/{key['id']}")["virtual_key"]
        return found

    def status(self, value: str) -> tuple[int, str]:
        """What a poll with this key is answered: 404 of the job, if it is let in."""
        answer = self.gateway.ask("GET", "/v1/videos/video_none", value)
        return answer.status_code, answer.json()["error"]["code"]

    def job(self, value: str) -> str:
        """A job that is made with this key."""
        made: str = self.gateway.create(key=value)["id"]
        return made
