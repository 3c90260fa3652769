"""Veo on Vertex AI.

Source: upstreams/vertex.yaml, version v1.
Operations: generate (from text, an image, or a video in Cloud Storage), retrieve, source (video), remix (which continues the
finished video). Nothing is deleted or cancelled there.
Options: `project`, `region` (us-central1 unless given) and `storage_url`, where Cloud Storage is if not at Google's; it may be
relative to the base URL. The secret is the JSON of Google's credentials, see google_tokens.py.
Extra fields are Veo's parameters. With `storageUri` the video goes to a bucket; without it, every answer about the finished job
carries all of it.
Units: whole seconds; a size is an aspect and a resolution. Nothing reports progress, seconds, size, times or cost.
Errors: see google.py. A 401 is answered with a new token, once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

from pydantic import MISSING

from generated.models import VideoGenerationRequest, VideoRemixRequest
from generated.upstreams.vertex import FetchPredictOperation, Operation, PredictLongRunning, VeoVideo

from ..configuration import ConfigurationError
from ..errors import NotFound
from ..media.images import Image
from ..upstream import Reply
from .adapter import Account, Adapter, Inline, Snapshot, Source, read
from .google import given, refused, unreadable, veo_body, veo_decode, veo_instance, veo_parameters
from .google_tokens import access_token

REGION = "us-central1"
ANY_MODEL = "veo-3.1-generate-001"  # is asked about an operation whose name does not say of which model it is
MULTIPLE = frozenset({"us", "eu"})  # locations that are many regions, with hosts of another form
STORAGE = "https://storage.googleapis.com"
MOST = 256 * 1024 * 1024  # bytes of an answer, which may carry videos

USER_OF_THE_SANDBOX = json.dumps(
    {
        "type": "authorized_user",
        "client_id": "reelgate",
        "client_secret": "none",
        "refresh_token": "1//sandbox-reelgate",
        "token_uri": "token",
    }
)
"""A refresh token, because a service account would need a private key, and this repository is no place for one."""


class Vertex(Adapter):
    name = "vertex"
    base_url = "https://aiplatform.googleapis.com"  # stands for the host of each job's location as well
    key_variables = ("GOOGLE_APPLICATION_CREDENTIALS",)  # the path of the credentials
    url_variables = ("GOOGLE_VERTEX_BASE_URL",)
    image_urls = False
    sandbox_path = "/vertex"
    sandbox_secret = USER_OF_THE_SANDBOX
    sandbox_options = {"project": "sandbox", "region": REGION, "storage_url": "."}  # noqa: RUF012
    poll_seconds = 10.0

    async def generate(
        self, account: Account, model: str, request: VideoGenerationRequest, image: Image | None
    ) -> Snapshot:
        return await create(account, full_name(account, model), veo_body(request, encode(request, image)), image)

    async def retrieve(self, account: Account, native_id: str) -> Snapshot:
        return decode(await operation(account, native_id))

    async def source(self, account: Account, native_id: str, variant: str) -> Source | Inline:
        video = output(await operation(account, native_id))
        if video.gcs_uri is not MISSING:
            return Source(object_url(account, video.gcs_uri), await authorization(account))
        return Inline(str(video.bytes_base64_encoded))

    async def remix(self, account: Account, native_id: str, request: VideoRemixRequest) -> Snapshot:
        video = output(await operation(account, native_id))
        finished = video.model_dump(by_alias=True, include={"gcs_uri", "bytes_base64_encoded"})
        instance = {"prompt": request.prompt, "video": {**finished, "mimeType": "video/mp4"}}
        body = PredictLongRunning.model_validate({"instances": [instance]})
        return await create(account, model_of(native_id), veo_body(request, body))

    @classmethod
    def in_environment(cls, environment: Mapping[str, str]) -> dict[str, Any] | None:
        """As in the base class, if there are both credentials and a project: many have the former for other services."""
        path, project = (environment.get(name) for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"))
        if not path or not project:
            return None
        try:
            credentials = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"GOOGLE_APPLICATION_CREDENTIALS names a file that cannot be read: {error}"
            ) from None
        region = environment.get("GOOGLE_CLOUD_LOCATION") or REGION
        key = {"project_id": project, "region": region, "auth_credentials": credentials}
        base_url = next((environment[name] for name in cls.url_variables if environment.get(name)), cls.base_url)
        return {
            "keys": [{"name": "default", "vertex_key_config": key}],
            "network_config": {"base_url": base_url},
        }


async def create(account: Account, model: str, body: dict[str, Any], image: Image | None = None) -> Snapshot:
    reply = await call(account, model, "predictLongRunning", body, image, creates=True)
    if not reply.ok:
        raise refused(reply, creates=True)
    return decode(read(Operation, reply, creates=True))


async def operation(account: Account, native_id: str) -> Operation:
    name = native_id if "/operations/" in native_id else f"{full_name(account, ANY_MODEL)}/operations/{native_id}"
    body = FetchPredictOperation(operation_name=name).model_dump(by_alias=True)
    reply = await call(account, model_of(name), "fetchPredictOperation", body)
    if not reply.ok:
        raise refused(reply)
    return read(Operation, reply)


async def call(
    account: Account,
    model: str,
    method: str,
    body: dict[str, Any],
    image: Image | None = None,
    *,
    creates: bool = False,
) -> Reply:
    """Call a method of a model, with another token when the first one is not taken. `model` is its full name."""
    located = replace(account, base_url=host(account.base_url, model.split("/")[3]))
    path = f"/v1/{quote(model)}:{method}"
    ask = partial(located.call, "POST", path, json=body, image=image, creates=creates, most=MOST)
    headers = await authorization(account)
    reply = await ask(headers=headers)
    if reply.status == 401:
        reply = await ask(headers=await authorization(account, refused=headers))
    return reply


async def authorization(account: Account, *, refused: Mapping[str, str] | None = None) -> dict[str, str]:
    """The header that a call is made with; another than the one that was refused."""
    token = refused["Authorization"].removeprefix("Bearer ") if refused is not None else None
    return {"Authorization": f"Bearer {await access_token(account, refused=token)}"}


def host(base_url: str, location: str) -> str:
    """Where a location is served: at the vendor each has a host of its own, anywhere else all are at the base URL."""
    if base_url != Vertex.base_url or location == "global":
        return base_url
    if location in MULTIPLE:
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


def full_name(account: Account, model: str) -> str:
    project, region = account.options["project"], account.options.get("region", REGION)
    return f"projects/{project}/locations/{region}/publishers/google/models/{model}"


def model_of(native_id: str) -> str:
    """The name of an operation -> the full name of its model."""
    return native_id.rpartition("/operations/")[0]


def object_url(account: Account, uri: str) -> str:
    """ "gs://bucket/some/name" -> where Cloud Storage hands out the bytes."""
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    storage = urljoin(f"{account.base_url}/", account.options.get("storage_url", STORAGE)).rstrip("/")
    return f"{storage}/storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}?alt=media"


def encode(request: VideoGenerationRequest, image: Image | None) -> PredictLongRunning:
    """Our request -> their body. Raises InvalidRequest for material that is not in Cloud Storage."""
    instance = veo_instance(request, image)
    if request.video_uri is not MISSING:
        if not request.video_uri.startswith("gs://"):
            raise unreadable("video_uri", "an object in Cloud Storage (gs://bucket/name.mp4)")
        instance["video"] = {"gcsUri": request.video_uri, "mimeType": "video/mp4"}
    parameters = {**veo_parameters(request), "seed": request.seed, "generateAudio": request.audio}
    return PredictLongRunning.model_validate({"instances": [instance], "parameters": parameters})


def decode(operation: Operation) -> Snapshot:
    return veo_decode(operation, operation.response, len(videos(operation)))


def output(operation: Operation) -> VeoVideo:
    """The finished video."""
    if not (found := videos(operation)):
        raise NotFound("The provider no longer has the file.", code="content_expired")
    return found[0]


def videos(operation: Operation) -> list[VeoVideo]:
    """Those that are somewhere."""
    found = given(operation.response.videos) if operation.response is not MISSING else []
    return [video for video in found if not (video.gcs_uri is MISSING and video.bytes_base64_encoded is MISSING)]
