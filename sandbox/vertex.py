"""Veo on Vertex AI, below `/vertex/v1`; the service that gives access tokens, at `/vertex/token`; and Cloud Storage, below
`/vertex/storage`.

Source: upstreams/vertex.yaml. An account is the name of a service account, `{account}@any.iam.gserviceaccount.com`, or of a
user with the refresh token `1//sandbox-{account}`. Projects, locations and buckets are whatever the request says.
Operations: predictLongRunning, fetchPredictOperation, tokens for an assertion or a refresh token, reading objects.

Where the sources are silent, the emulator decides: see veo.py; and the signature of an assertion is not verified, because
nobody has told the emulator any public key.
"""

import asyncio
import base64
import json
import re
import uuid
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import google, ranges, tokens, veo, wire
from sandbox.google import refusal, wrong_field
from sandbox.previews import VARIANTS
from sandbox.store import Task
from sandbox.studio import Studio
from sandbox.timeline import Phase
from sandbox.trouble import Plan, UnknownDirective
from sandbox.wire import Refusal

VERSIONS = ("v1", "v1beta1")
MODELS = {  # -> whether it takes reference images
    "veo-3.1-generate-001": True,
    "veo-3.1-fast-generate-001": True,
    "veo-3.1-lite-generate-001": False,
}
RESOURCE = "projects/{project}/locations/{location}/publishers/google/models/{model}"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
AUDIENCE = "https://oauth2.googleapis.com/token"
TOKEN_SECONDS = 3599
ASSERTION_SECONDS = 3600  # the most an assertion may be good for
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

SERVICE_ACCOUNT = re.compile(r"([a-z0-9-]+)@[a-z0-9.-]+\.iam\.gserviceaccount\.com")
USER = re.compile(r"1//sandbox-([a-z0-9-]+)")
TOKEN = re.compile(r"Bearer ya29\.(.+)")
OBJECT = re.compile(r"(?P<prefix>.*/)?(?P<task>[0-9a-f-]{36})/sample_[0-3]\.mp4")

BUCKET_AND_PREFIX = r"gs://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9](/.*)?"
MEDIA = {"gcsUri": veo.text(r"gs://[^/]+/.+"), "bytesBase64Encoded": veo.text()}
DIALECT = veo.Dialect(
    parameters=veo.PARAMETERS
    | {
        "storageUri": veo.text(BUCKET_AND_PREFIX),
        "seed": veo.whole(0, 4_294_967_295),
        "generateAudio": veo.boolean,
        "fps": veo.whole(1, 60),
        "pubsubTopic": veo.text(),
        "compressionQuality": veo.one_of("optimized", "lossless"),
        "resizeMode": veo.one_of("pad", "crop"),
    },
    instance=veo.INSTANCE | {"mask"},  # which is not looked at
    beside=frozenset({"labels"}),
    sources=MEDIA,
    video_sources=MEDIA,
    types_videos=True,
)
UNAUTHENTICATED = partial(
    refusal,
    401,
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential.",
)
REFUSALS = google.REFUSALS | {"401": UNAUTHENTICATED}


class Operations:
    """The operations, for one studio."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def application(self) -> Starlette:
        """All three services as an ASGI application."""
        methods = {"predictLongRunning": self.create, "fetchPredictOperation": self.retrieve}
        routes = [
            *(
                Route(f"/{version}/{RESOURCE}:{name}", method, methods=["POST"])
                for version in VERSIONS
                for name, method in methods.items()
            ),
            Route("/token", self.token, methods=["POST"]),
            Route("/storage/v1/b/{bucket}/o/{object:path}", self.object, methods=["GET"]),
        ]
        return wire.provider(routes, refusal, self._note_refusal)

    async def token(self, request: Request) -> Response:
        """Credentials -> an access token."""
        given = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        now = self.studio.clock()
        match given.get("grant_type"):
            case "refresh_token":
                account = _user(given.get("refresh_token", ""))
            case grant if grant == JWT_BEARER:
                account = _service_account(given.get("assertion", ""), now)
            case grant:
                raise _no_token("unsupported_grant_type", f"Invalid grant_type: {grant}")
        claims = {"account": account, "exp": int(now) + TOKEN_SECONDS}
        token = f"ya29.{tokens.sign(claims, self.studio.store.secret)}"
        return JSONResponse({"access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"})

    async def create(self, request: Request) -> Response:
        account = self._account(request)
        body = await _object(request)
        plan = self._plan(account, veo.prompt_of(body))
        resource, model = _resource(request), request.path_params["model"]
        if model not in MODELS:
            words = f"Publisher Model `{resource}` was not found or your project does not have access to it."
            raise refusal(404, words)
        # Decoding an image takes milliseconds.
        order = await asyncio.to_thread(veo.check, body, DIALECT, references=MODELS[model])
        job = {"resource": resource, "samples": order.samples, "storage": order.storage}
        task = await self.studio.accept(str(uuid.uuid4()), account, job, plan, order.scene, order.image)
        return await wire.answer(plan, {"name": _name(task)})

    async def retrieve(self, request: Request) -> Response:
        account = self._account(request)
        name = (await _object(request)).get("operationName")
        prefix, _, task_id = name.rpartition("/operations/") if isinstance(name, str) else ("", "", "")
        if prefix != _resource(request):
            raise wrong_field("operationName", "The operation is not one of this model.")
        task = self.studio.find(account, task_id)
        if task is None:
            raise refusal(404, f"The operation {name} was not found.")
        self.studio.count(account, "polls")
        standing = self.studio.standing(task)
        has_videos = standing.phase is Phase.SUCCEEDED
        response = {"videos": await self._videos(task)} if has_videos else veo.WITHHELD
        return JSONResponse(veo.operation(_name(task), task, standing, response))

    async def object(self, request: Request) -> Response:
        """A finished clip that went to a bucket."""
        account = self._account(request)
        bucket, name = request.path_params["bucket"], request.path_params["object"]
        match = OBJECT.fullmatch(name)
        task = self.studio.find(account, match["task"]) if match else None
        if task is None or match is None or _storage(task) != f"gs://{bucket}/{match['prefix'] or ''}":
            raise refusal(404, f"No such object: {bucket}/{name}")
        if self.studio.standing(task).phase is not Phase.SUCCEEDED:
            raise refusal(404, f"No such object: {bucket}/{name}")
        if request.query_params.get("alt") != "media":
            raise refusal(400, "Only the bytes of objects are emulated: alt=media.")
        response = ranges.serve(request, await self.studio.renderer.file(task.scene), VARIANTS["video"].media_type)
        self.studio.count(account, "downloads")
        return response

    async def _videos(self, task: Task) -> list[dict[str, Any]]:
        """The samples: where they are, or all of them."""
        numbers = range(task.request["samples"])
        if storage := _storage(task):
            return [
                {"gcsUri": f"{storage}{task.id}/sample_{number}.mp4", "mimeType": "video/mp4"} for number in numbers
            ]
        content = await asyncio.to_thread(_base64, await self.studio.renderer.file(task.scene))
        return [{"bytesBase64Encoded": content, "mimeType": "video/mp4"} for _ in numbers]

    def _account(self, request: Request) -> str:
        """Whose token this is. Raises Refusal."""
        match = TOKEN.fullmatch(request.headers.get("authorization", ""))
        if match is None:
            raise UNAUTHENTICATED()
        try:
            account = tokens.verify(match[1], self.studio.store.secret, self.studio.clock())["account"]
        except tokens.BadToken as error:
            raise UNAUTHENTICATED() from error
        request.state.account = account
        return str(account)

    def _plan(self, account: str, prompt: str) -> Plan:
        """The trouble for an accepted create. Raises Refusal or Dropped for one that is not accepted."""
        try:
            plan = self.studio.plan(account, prompt)
        except UnknownDirective as error:
            raise wrong_field("instances.prompt", str(error)) from error
        for directive in plan.keys() & REFUSALS.keys():
            raise REFUSALS[directive]()
        return plan

    def _note_refusal(self, request: Request) -> None:
        """Count a create that was not accepted; to ask about one is a POST too."""
        if request.url.path.endswith(":predictLongRunning"):
            self.studio.note_refusal(request)


def _resource(request: Request) -> str:
    return RESOURCE.format(**request.path_params)


def _name(task: Task) -> str:
    return f"{task.request['resource']}/operations/{task.id}"


def _storage(task: Task) -> str | None:
    """Where the clips of a task go, with a slash at the end."""
    storage = task.request["storage"]
    return f"{storage.rstrip('/')}/" if storage else None


def _base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()


async def _object(request: Request) -> dict[str, Any]:
    try:
        return wire.read_object(await request.body())
    except wire.NotJSON as error:
        raise refusal(400, f"Invalid JSON payload received. {error}") from error


def _no_token(error: str, description: str, status: int = 400) -> Refusal:
    """A refusal in the words of RFC 6749."""
    return Refusal(status, {"error": error, "error_description": description})


def _user(refresh_token: str) -> str:
    """Whose refresh token it is. Raises Refusal."""
    match = USER.fullmatch(refresh_token)
    if match is None:
        raise _no_token("invalid_grant", "Bad Request")
    return match[1]


def _service_account(assertion: str, now: float) -> str:
    """Who has signed an assertion, as far as it says so itself. Raises Refusal."""
    try:
        header, claims, _ = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in assertion.split("."))
        algorithm, said = json.loads(header)["alg"], json.loads(claims)
        issuer = SERVICE_ACCOUNT.fullmatch(said["iss"])
        in_time = now < said["exp"] <= said["iat"] + ASSERTION_SECONDS
        is_right = algorithm == "RS256" and said["aud"] == AUDIENCE and SCOPE in said["scope"].split() and in_time
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_token("invalid_grant", "Invalid JWT: Failed to parse the assertion.") from error
    if issuer is None:
        raise _no_token("invalid_grant", "Invalid grant: account not found")
    if not is_right:
        raise _no_token("invalid_grant", "Invalid JWT: check your iat, exp, aud, scope and alg.")
    return issuer[1]
