"""Every operation of the document, with every form of credential, in every state: who is let in, and what others are told.

`expected` says what a cell of the matrix is answered, or by which rule there is no such cell; it is total, so a new operation has
its cells from the beginning, and lacks only the request in `asking.ASKING`. One test goes through all cells of one operation.
Who is not let in asks nonsense, which shows that nothing of a request is judged before its credential.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import pytest
import requests
import yaml

from handlers.access import passwords
from tests.gateway import ALICE, BOB, ROOT, Gateway, judge, running
from tests.handlers.access.asking import ASKING, NO_ONE, OPERATIONS, Ask, Operation, Owner, Stage, spelled
from tests.handlers.access.cast import (
    ADMIN,
    ADMIN_TOKEN,
    ADMINS,
    AUDIENCES,
    BASIC,
    CARRIERS,
    CREDENTIALS,
    DISABLED,
    EXPIRED,
    FORMS,
    GATEWAY_KEY,
    KEY_TOKEN,
    OF_A_KEY,
    OTHERS,
    OWNERS,
    PASSWORD,
    SCOPE,
    SESSION,
    SETTINGS,
    STATES,
    TOKENS,
    UNKNOWN,
    VALID,
    VIRTUAL_KEY,
    Cast,
    Form,
)
from tests.handlers.receivers import receiver

# ---- what is expected -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """The statuses that it may have, and the code and outer `type` of a refusal."""

    statuses: frozenset[int]
    code: str | None = None
    type: str | None = None


@dataclass(frozen=True)
class NoCell:
    """Why there is no such cell."""

    rule: str


def refusal(status: int, code: str, outer: str | None = None) -> Answer:
    """`outer`: of codes that Bifrost's clients do not look for in the outer type (bifrost.md §4.3)."""
    return Answer(frozenset({status}), code, outer or code)


LET_IN = Answer(frozenset({200, 204}))
NOT_KNOWN = refusal(401, "virtual_key_not_found")
BAD_TOKEN = refusal(401, "invalid_token", "authentication_error")
KEY_EXPIRED = refusal(403, "access_blocked")
KEY_DISABLED = refusal(403, "virtual_key_blocked")
FOR_ADMINS = refusal(403, "admin_required", "permission_error")
NO_PROVIDER = refusal(403, "provider_blocked")
NO_QUOTA = refusal(403, "virtual_key_only", "permission_error")
NO_QUOTA_OF_ADMINS = refusal(400, "virtual_key_only", "invalid_request_error")

SETTINGS_STAY = NoCell("what stands in the settings does not expire, and cannot be disabled while the gateway runs")
ISSUERS_OWN = NoCell("a token of an admin is its issuer's: only its end and the issuer's key end it")
TOKENS_ONLY = NoCell("only tokens are made for somebody")
OPEN = NoCell(
    "the operation is for everybody, known or not: there is nothing that a credential may not do, and no tenant"
)
NO_SCOPE = NoCell("every caller may ask this")
ALL_SCOPES = NoCell("an admin may ask this")
SEE_SCOPE = NoCell("what this caller may not ask is the cell `wrong scope`")
NOBODYS = NoCell("it names nothing that belongs to a tenant")
SEES_ALL = NoCell("an admin sees what everybody has; test_an_admin_sees_what_everybody_has")
SEE_ADMIN = NoCell("a tenant is not let in at all; test_ids_of_what_admins_handle_tell_a_tenant_nothing")
RULES = (SETTINGS_STAY, ISSUERS_OWN, TOKENS_ONLY, OPEN, NO_SCOPE, ALL_SCOPES, SEE_SCOPE, NOBODYS, SEES_ALL, SEE_ADMIN)

WITH_MODELS = frozenset({"videoGeneration", "videoRemix"})
"""What a virtual key may do with some providers only."""

FOR_KEYS = "virtualKeyQuota"
"""What a virtual key may ask about itself, and nobody else."""

NAMED = {
    **dict.fromkeys(("videoRetrieve", "videoDelete", "videoEvents", "videoDownload", "videoContentHead"), "video_id"),
    "videoRemix": "video_id",
    "videoList": "after",
    **dict.fromkeys(("webhookRetrieve", "webhookUpdate", "webhookDelete", "webhookRotateSecret"), "webhook_id"),
    **dict.fromkeys(("webhookTest", "webhookDeliveryList"), "webhook_id"),
    "webhookRedeliver": "delivery_id",
    "logRetrieve": "log_id",
}
"""Operation -> the parameter that names something of a tenant's."""

NOT_THERE = {
    **dict.fromkeys(("video_id", "after"), refusal(404, "video_not_found", "not_found_error")),
    "webhook_id": refusal(404, "webhook_not_found", "not_found_error"),
    "delivery_id": refusal(404, "delivery_not_found", "not_found_error"),
    "log_id": refusal(404, "log_not_found", "not_found_error"),
}

UNKNOWN_IS = {KEY_TOKEN: NOT_KNOWN, ADMIN_TOKEN: BAD_TOKEN}
EXPIRED_IS = {
    **{GATEWAY_KEY: SETTINGS_STAY, BASIC: SETTINGS_STAY, SESSION: NOT_KNOWN},
    **{VIRTUAL_KEY: KEY_EXPIRED, KEY_TOKEN: BAD_TOKEN, ADMIN_TOKEN: BAD_TOKEN},
}
DISABLED_IS = {
    **{GATEWAY_KEY: SETTINGS_STAY, BASIC: SETTINGS_STAY, SESSION: NOT_KNOWN},
    **{VIRTUAL_KEY: KEY_DISABLED, KEY_TOKEN: KEY_DISABLED, ADMIN_TOKEN: ISSUERS_OWN},
}


def expected(operation: Operation, kind: str, state: str) -> Answer | NoCell:
    """What a cell is answered."""
    if state in (UNKNOWN, EXPIRED, DISABLED, AUDIENCES):
        refused = {
            UNKNOWN: UNKNOWN_IS.get(kind, NOT_KNOWN),
            EXPIRED: EXPIRED_IS[kind],
            DISABLED: DISABLED_IS[kind],
            AUDIENCES: BAD_TOKEN if kind in TOKENS else TOKENS_ONLY,
        }[state]
        return LET_IN if operation.roles is None and isinstance(refused, Answer) else refused
    if operation.roles is None:
        return LET_IN if state == VALID else OPEN
    beyond = _beyond(operation, kind)
    if state == VALID:
        return SEE_SCOPE if beyond is not None else LET_IN
    if state == SCOPE:
        if operation.id in WITH_MODELS and kind in OF_A_KEY:
            return NO_PROVIDER
        return beyond or (ALL_SCOPES if kind in ADMINS else NO_SCOPE)
    return _of_another(operation, kind)


def _beyond(operation: Operation, kind: str) -> Answer | None:
    """How a caller is refused what nobody of its kind may do."""
    if operation.for_admins:
        return None if kind in ADMINS else FOR_ADMINS
    if operation.id == FOR_KEYS and kind not in OF_A_KEY:
        return NO_QUOTA_OF_ADMINS if kind in ADMINS else NO_QUOTA
    return None


def _of_another(operation: Operation, kind: str) -> Answer | NoCell:
    named = NAMED.get(operation.id)
    if named is None:
        return SEE_ADMIN if operation.for_admins and kind not in ADMINS else NOBODYS
    if kind in ADMINS and named in ("video_id", "after", "log_id"):
        return SEES_ALL
    return NOT_THERE[named]


CELLS = [(operation, form, state) for operation, form, state in itertools.product(OPERATIONS.values(), FORMS, STATES)]

X_BF_VK, COOKIE = (next(form for form in FORMS if form.name == name) for name in ("x-bf-vk", "cookie"))

# ---- the gateway and who is there -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "WRONG", 100_000)  # each operation is asked with a wrong one
        with running(tmp_path_factory.mktemp("matrix"), **SETTINGS) as gateway:
            yield gateway


@pytest.fixture(scope="module")
def stage(gateway: Gateway) -> Iterator[Stage]:
    cast = Cast(gateway)
    with receiver() as there:
        yield Stage(gateway, cast, there.url, {ALICE: ALICE, BOB: BOB, "studio": cast.keys["studio"]["value"]})


@pytest.fixture(scope="module")
def headers(stage: Stage) -> dict[tuple[Form, str], dict[str, str]]:
    """Form and state -> headers, of all that exist."""
    return {
        (form, state): stage.cast.headers(form, state)
        for form, state in itertools.product(FORMS, STATES)
        if state in CREDENTIALS[form.kind]
    }


@pytest.fixture
def ask(gateway: Gateway) -> Iterator[Asking]:
    """Asks on one connection, without keeping cookies; every exchange obeys the document."""
    before = len(gateway.exchanges)
    with requests.Session() as session:
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield Asking(gateway, session)
    judge(gateway, gateway.exchanges[before:])


@dataclass
class Asking:
    gateway: Gateway
    session: requests.Session

    def __call__(self, operation: Operation, asked: Ask, headers: dict[str, str]) -> requests.Response:
        url = self.gateway.url + operation.path(asked.values)
        body = {} if asked.body is None else {"json": asked.body}
        return self.session.request(
            operation.method, url, params=asked.query, headers=headers, timeout=30, allow_redirects=False, **body
        )

    def nonsense(self, operation: Operation, headers: dict[str, str]) -> requests.Response:
        """A request of which everything is wrong but its path and its credential."""
        values = dict.fromkeys(re.findall(r"{(\w+)}", operation.template), "*** nonsense ***")
        body = {"data": b"{nonsense", "headers": {"Content-Type": "application/json"}} if operation.takes_body else {}
        return self.session.request(
            operation.method,
            self.gateway.url + operation.path(values),
            params={"limit": "nonsense", "after": "\0", "period": "nonsense"},
            timeout=30,
            **{**body, "headers": headers | body.get("headers", {})},
        )


def wrong(operation: Operation, answer: requests.Response, wanted: Answer) -> str | None:
    """How an answer differs from what is expected."""
    if answer.status_code not in wanted.statuses or str(answer.status_code) not in operation.statuses:
        return f"{answer.status_code} {answer.text[:300]}"
    if wanted.code is not None and answer.request.method != "HEAD":
        told = answer.json()
        if (told["error"]["code"], told["type"]) != (wanted.code, wanted.type):
            return f"{told['error']['code']}, {told['type']}: {told['error']['message']}"
    if answer.status_code == 401 and not answer.headers.get("WWW-Authenticate"):
        return "a 401 without WWW-Authenticate"
    return None


# ---- the matrix -----------------------------------------------------------------------------------------------------


def test_every_operation_has_a_request() -> None:
    assert ASKING.keys() == OPERATIONS.keys()


def test_credentials_are_the_same_everywhere() -> None:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    assert {tuple(scheme) for scheme in document["security"]} == {
        (name,) for name in document["components"]["securitySchemes"]
    }
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and operation.get("security"):
                roles = [role for scheme in operation["security"] for role in scheme.values()]
                assert roles == [["admin"]] * len(document["security"]), operation["operationId"]


def test_every_cell_is_tested_or_left_out_by_a_rule() -> None:
    found = [expected(operation, form.kind, state) for operation, form, state in CELLS]
    assert len(found) == len(OPERATIONS) * len(FORMS) * len(STATES)
    assert {cell for cell in found if isinstance(cell, NoCell)} == set(RULES)
    tested = [cell for cell in found if isinstance(cell, Answer)]
    assert len(tested) > len(found) / 2
    for operation, form, state in CELLS:
        if isinstance(expected(operation, form.kind, state), Answer) and state != OTHERS:
            assert state in CREDENTIALS[form.kind], f"{state} {form} cannot be made"


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_whoever_may_ask_is_answered_and_nobody_else(
    stage: Stage, ask: Asking, headers: dict[tuple[Form, str], dict[str, str]], operation: Operation
) -> None:
    amiss = []
    for form, state in itertools.product(FORMS, (VALID, UNKNOWN, EXPIRED, DISABLED, SCOPE, AUDIENCES)):
        wanted = expected(operation, form.kind, state)
        if isinstance(wanted, NoCell):
            continue
        if operation.id == "sessionLogout" and form.kind == SESSION and wanted == LET_IN:
            with_it = stage.cast.headers(form, state)  # which ends with it
        else:
            with_it = headers[form, state]
        if wanted in (LET_IN, NO_PROVIDER):
            owner = stage.narrowed if wanted == NO_PROVIDER else stage.owners[OWNERS[form.kind]]
            answer = ask(operation, ASKING[operation.id](stage, owner), with_it)
        else:
            answer = ask.nonsense(operation, with_it)
        difference = wrong(operation, answer, wanted)
        if difference is not None:
            amiss.append(f"{state} {form}: expected {wanted}, got {difference}")
    assert not amiss, "\n".join(amiss)


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS.values() if each.roles is not None], ids=lambda it: it.id
)
def test_nobody_and_two_at_once_are_not_let_in(
    ask: Asking, headers: dict[tuple[Form, str], dict[str, str]], operation: Operation
) -> None:
    alice, studio = {"Authorization": f"Bearer {ALICE}"}, headers[X_BF_VK, VALID]
    assert not wrong(operation, ask.nonsense(operation, {}), refusal(401, "virtual_key_required"))
    two = refusal(401, "unauthorized", "authentication_error")
    assert not wrong(operation, ask.nonsense(operation, alice | studio), two)
    assert not wrong(operation, ask.nonsense(operation, studio | headers[COOKIE, VALID]), two)


@pytest.mark.parametrize(
    "operation",
    [each for each in OPERATIONS.values() if each.takes_body or "{" in each.template],
    ids=lambda operation: operation.id,
)
def test_that_it_is_nonsense_is_told_to_those_who_are_let_in(
    ask: Asking, headers: dict[tuple[Form, str], dict[str, str]], operation: Operation
) -> None:
    answer = ask.nonsense(operation, headers[COOKIE, VALID])
    assert answer.status_code in (400, 404) and str(answer.status_code) in operation.statuses


# ---- other tenants --------------------------------------------------------------------------------------------------

UNIQUE = re.compile(r"[0-9a-z]{26}")  # ids of events, which differ in every answer


def names(owner: Owner, parameter: str) -> list[tuple[str, str]]:
    """(what somebody has, the like of it that nobody has), in every spelling."""
    if parameter == "video_id":
        there, invented = owner.video["id"], f"video_{NO_ONE}"
        native = re.sub(r"[0-9a-f]", "0", owner.native_id)
        return list(zip(spelled(there, owner.native_id), spelled(invented, native), strict=True))
    there = {
        "after": owner.video["id"],
        "webhook_id": owner.webhook,
        "delivery_id": owner.delivery,
        "log_id": owner.log,
    }[parameter]
    return [(there, there[:-26] + NO_ONE)]


def told(answer: requests.Response, name: str) -> tuple[Any, ...]:
    """An answer without what tells of the name that was asked for, and without the ids of events."""
    headers = {
        key: value for key, value in answer.headers.items() if key not in ("date", "x-request-id", "content-length")
    }
    event = answer.headers["x-request-id"]
    return answer.status_code, headers, answer.text.replace(name, "NAME").replace(event, "EVENT")


@pytest.mark.parametrize("operation", [OPERATIONS[name] for name in NAMED], ids=NAMED)
def test_what_is_anothers_is_not_there(
    stage: Stage, ask: Asking, headers: dict[tuple[Form, str], dict[str, str]], operation: Operation
) -> None:
    parameter, bob = NAMED[operation.id], stage.owners[BOB]
    amiss = []
    for form in FORMS:
        wanted = expected(operation, form.kind, OTHERS)
        if isinstance(wanted, NoCell):
            continue
        asked = ASKING[operation.id](stage, bob)
        for real, invented in names(bob, parameter):
            answers = []
            for name in (real, invented):
                one = Ask(asked.values and {parameter: name}, asked.query and {parameter: name}, asked.body)
                answer = ask(operation, one, headers[form, VALID])
                difference = wrong(operation, answer, wanted)
                if difference is not None:
                    amiss.append(f"{form}, {name!r}: expected {wanted}, got {difference}")
                answers.append(told(answer, name))
            if answers[0] != answers[1]:
                amiss.append(f"{form}, {real!r} differs from {invented!r}: {answers}")
    assert not amiss, "\n".join(amiss)
    assert not wrong(operation, ask(operation, ASKING[operation.id](stage, bob), {"x-api-key": BOB}), LET_IN)


OF_ADMINS = [each for each in OPERATIONS.values() if each.for_admins and "{" in each.template]


@pytest.mark.parametrize("operation", OF_ADMINS, ids=lambda operation: operation.id)
def test_ids_of_what_admins_handle_tell_a_tenant_nothing(
    stage: Stage, ask: Asking, headers: dict[tuple[Form, str], dict[str, str]], operation: Operation
) -> None:
    asked = ASKING[operation.id](stage, stage.owners[ADMIN])
    invented = Ask({name: UNIQUE.sub(NO_ONE, value) for name, value in asked.values.items()}, asked.query, asked.body)
    for form in FORMS:
        if form.kind not in ADMINS:
            answers = [ask(operation, each, headers[form, VALID]) for each in (asked, invented)]
            assert [wrong(operation, answer, FOR_ADMINS) for answer in answers] == [None, None]
            assert told(answers[0], "-") == told(answers[1], "-")


@pytest.mark.parametrize("form", [form for form in FORMS if form.kind in ADMINS], ids=str)
def test_an_admin_sees_what_everybody_has(
    stage: Stage, ask: Asking, headers: dict[tuple[Form, str], dict[str, str]], form: Form
) -> None:
    bob = stage.owners[BOB]
    for name, parameter in NAMED.items():
        operation = OPERATIONS[name]
        if expected(operation, form.kind, OTHERS) is SEES_ALL:
            asked = ASKING[name](stage, bob)
            assert parameter in {**asked.values, **asked.query}
            assert not wrong(operation, ask(operation, asked, headers[form, VALID]), LET_IN)


@pytest.mark.parametrize("form", [form for form in FORMS if form.kind not in ADMINS], ids=str)
def test_lists_and_sums_have_only_what_is_the_callers(
    stage: Stage, ask: Asking, headers: dict[tuple[Form, str], dict[str, str]], form: Form
) -> None:
    bob, mine = stage.owners[BOB], stage.owners[OWNERS[form.kind]]
    theirs = {bob.video["id"], bob.webhook, bob.delivery, bob.log, bob.native_id, "bob"}

    def listed(name: str, asked: Ask | None = None) -> requests.Response:
        answer = ask(OPERATIONS[name], asked or Ask(query={"limit": "100"}), headers[form, VALID])
        assert answer.status_code == 200, answer.text
        return answer

    for name in ("videoList", "webhookList", "logList", "logFilterdata", "modelList"):
        found = listed(name, None if name in ("videoList", "logList") else Ask()).text
        assert not [each for each in theirs if each in found], name
    for name in ("logList", "logStats", "logHistogram"):
        alike = [
            re.sub(r'"(start|end)_time":"[^"]*"', "", listed(name, Ask(query={"video_id": each})).text)
            for each in (bob.video["id"], f"video_{NO_ONE}")
        ]
        assert "timestamp" in alike[0] or alike[0] == alike[1]
        assert ('"count":1' not in alike[0] and '"total_requests":0' in alike[0]) or name != "logStats"
    assert listed("videoList", Ask(query={"owner": "bob"})).json()["data"] == []
    assert mine.video["id"] in listed("videoList").text


# ---- forms ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CREDENTIALS)
@pytest.mark.parametrize("name", CARRIERS)
def test_every_kind_is_taken_where_the_document_says(stage: Stage, ask: Asking, name: str, kind: str) -> None:
    headers = CARRIERS[name](*stage.cast.credential(kind, VALID))
    taken = {"cookie": {SESSION}, "Basic": {BASIC, GATEWAY_KEY, VIRTUAL_KEY}}.get(name, CREDENTIALS.keys() - {BASIC})
    answer = ask(OPERATIONS["videoList"], Ask(), headers)
    assert not wrong(OPERATIONS["videoList"], answer, LET_IN if kind in taken else NOT_KNOWN)


def test_a_login_with_a_wrong_password_is_a_401_like_any_other(ask: Asking) -> None:
    login = OPERATIONS["sessionLogin"]
    for pair in ({"username": ADMIN, "password": "wrong"}, {"username": "nobody", "password": PASSWORD}):
        assert not wrong(login, ask(login, Ask(body=pair), {}), refusal(401, "wrong_password", "authentication_error"))
