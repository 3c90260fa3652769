"""What an adapter is: the mapping between our contract and one provider's.

An adapter holds no state. It is told who it acts as (`Account`) and answers what the provider says of the job (`Snapshot`).
It touches neither the database nor the clock. An operation that is not overridden is one the provider does not have.
"""

from __future__ import annotations

import inspect
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from generated.models import VideoGenerationRequest, VideoRemixRequest

from ..configuration import Proxy, as_written
from ..context import Exchange, exchanges
from ..errors import InvalidRequest, OutcomeUnknown, ProviderError, ProviderFailed, UnsupportedOperation
from ..media.images import Image
from ..upstream import DIRECTED, Embedded, File, Reply, Upstream
from .line import Line

Theirs = TypeVar("Theirs", bound=BaseModel)

# What each operation is called in errors and in `extra_fields.request_type`.
REQUEST_TYPES = {
    "generate": "video_generation",
    "retrieve": "video_retrieve",
    "source": "video_download",
    "delete": "video_delete",
    "remix": "video_remix",
    "listed": "video_list",
}


TELLING = 12  # characters of a secret from which on it is no word that an answer could hold by chance


@dataclass(frozen=True, slots=True)
class Account:
    """One key of one provider: everything a call needs to be made as the one who made the job."""

    provider: str  # the name under which it is configured
    key: str  # its name
    secret: SecretStr
    base_url: str  # without a slash at the end
    http: Upstream = field(repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What else a key of this provider needs: a project, a region, an API version. The adapter's docstring names them."""
    deployments: Mapping[str, str] = field(default_factory=dict)  # model -> the name under which this key has it
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # sent along with every call
    timeout: float = 120.0  # seconds for the answer to a create; other questions get half of it
    proxy: Proxy = DIRECTED
    line: Line = field(default_factory=Line, repr=False, compare=False)
    wake_url: str | None = field(default=None, repr=False)  # what a provider may call when the job it makes is done
    sandbox: bool = False

    async def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        json: object = None,
        image: Image | None = None,
        form: Mapping[str, str | File] | None = None,
        creates: bool = False,
        most: int | None = None,
    ) -> Reply:
        """Send one request. `image` is the one whose `encoded` stands in `json`."""
        embedded = Embedded(image.encoded, image.content) if image is not None else None
        url = f"{self.base_url}{path}"
        send = partial(
            self.http.send,
            method,
            url,
            headers=self.sent_along(url, headers),
            json=json,
            embedded=embedded,
            form=form,
            creates=creates,
            most=most,
            timeout=self.timeout if creates else self.timeout / 2,
            proxy=self.proxy,
        )
        reply = await self.line.call(send, creates=creates)
        hidden = _hidden(reply.body, self._secrets(headers))
        if hidden is not reply.body:
            reply = replace(reply, body=hidden)
        seen = exchanges.get()
        if seen is not None:
            seen.append(Exchange(legible(form if form is not None else json, embedded), legible(reply.json())))
        return reply

    def _secrets(self, headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """What is sent along and is nobody else's business, and what stands in its place. `headers`: those of the adapter."""
        yield self.secret.get_secret_value(), "[the key]"
        yield headers.get("Authorization", "").rpartition(" ")[2], "[the key]"  # a token that was got for the key
        for value in self.headers.values():
            yield value, "[a header]"
        if self.proxy.password is not None:
            password = self.proxy.password.get_secret_value()
            yield password, "[the proxy's password]"
            yield b64encode(f"{self.proxy.username or ''}:{password}".encode()).decode(), "[the proxy's password]"

    def sent_along(self, url: str, headers: Mapping[str, str]) -> dict[str, str]:
        """`headers` of the adapter and, where this account has its API, the account's own. The adapter's win."""
        own = self.headers if url.startswith(f"{self.base_url}/") else {}
        return {name.lower(): value for each in (own, headers) for name, value in each.items()}

    def deployment(self, model: str) -> str:
        """The name under which this key has the model."""
        return self.deployments.get(model, model)


def _hidden(body: bytes, secrets: Iterable[tuple[str, str]]) -> bytes:
    """An answer without our secrets: some providers quote the key that they refuse, and nobody is to read it in an error."""
    for secret, instead in secrets:
        if len(secret) >= TELLING and secret.encode() in body:
            body = body.replace(secret.encode(), instead.encode())
    return body


@dataclass(frozen=True, slots=True)
class Filtered:
    """Content that the provider withheld."""

    count: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a provider says of a job at one moment. None is always: it does not say."""

    native_id: str
    status: str  # queued, in_progress, completed or failed
    model: str | None = None  # the model that makes the video, when the provider's operation has one of its own
    provider_status: str | None = None  # the provider's word, when it is not one we know
    progress: float | None = None  # percent
    seconds: str | None = None
    size: str | None = None  # "1280x720"
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    error_code: str | None = None
    error_message: str | None = None
    error_is_ours: bool = False  # what it made is no video, which is our finding and not the provider's word
    filtered: Filtered | None = None
    cost_usd: Decimal | None = None  # exactly what it was charged
    tokens: Mapping[str, int] | None = None  # that are charged, by what they are of: input, text, video
    poll_after: float | None = None  # seconds until the provider wants to be asked again


@dataclass(frozen=True, slots=True)
class Source:
    """Where the bytes of a finished video are, and what to send along to get them."""

    url: str = field(repr=False)  # may be signed
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Inline:
    """The bytes of a finished video in base64, from a provider that answers with them."""

    encoded: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """A job in a provider's own list, with what tells whether it is one of ours whose answer was lost.

    None is always: the list does not say.
    """

    native_id: str
    created_at: datetime
    prompt: str | None = None
    model: str | None = None  # the provider's own name of it


class Adapter:
    """The operations of a provider. Each is async, makes one upstream call if it can, and raises ProviderError."""

    name: ClassVar[str]
    base_url: ClassVar[str] = ""  # the vendor's; empty where every user has an address of their own
    key_variables: ClassVar[
        tuple[str, ...]
    ] = ()  # environment variables in which the vendor's own tools look for the key
    url_variables: ClassVar[tuple[str, ...]] = ()  # and for the base URL
    base_path: ClassVar[str] = ""  # where the API begins below an address that does not end so
    needs_key: ClassVar[bool] = True
    open_models: ClassVar[bool] = False  # whether it serves models that the catalogue cannot list
    sandbox_path: ClassVar[str]  # where the sandbox has its emulator
    sandbox_secret: ClassVar[str]  # a key that the emulator takes
    sandbox_options: ClassVar[Mapping[str, str]] = {}  # and the options beside it
    poll_seconds: ClassVar[float] = 5.0  # how often a running job is asked about
    cancels: ClassVar[bool] = True  # whether `delete` stops a job that runs, where there is a `delete` at all
    variants: ClassVar[frozenset[str]] = frozenset({"video"})  # what `source` can be asked for
    image_urls: ClassVar[bool] = True  # whether it fetches an image that is named by URL; if not, we do
    erases: ClassVar[bool] = True  # whether `delete` erases one that has ended
    editor: ClassVar[str | None] = None  # the model that makes every remix; None: the one that made the video

    def names(self, model: str) -> Sequence[str]:
        """The names by which a model is judged and priced; see configuration.Naming."""
        return as_written(model)

    def fetches(self, account: Account, url: str) -> bool:
        """Whether the provider fetches the image at this URL."""
        return self.image_urls

    async def generate(
        self, account: Account, model: str, request: VideoGenerationRequest, image: Image | None
    ) -> Snapshot:
        """Create a job. `image` is what `request.input_reference` stands for, unless that is a URL to be passed on.

        JSON has `image.encoded` or `image.encoded_url` in it and is sent by `account.call(..., image=image)`.
        """
        raise UnsupportedOperation(REQUEST_TYPES["generate"], self.name)

    async def retrieve(self, account: Account, native_id: str) -> Snapshot:
        raise UnsupportedOperation(REQUEST_TYPES["retrieve"], self.name)

    async def source(self, account: Account, native_id: str, variant: str) -> Source | Inline:
        """Where the file is. `variant` is one of `variants`; NotFound if there is no such file any more."""
        raise UnsupportedOperation(REQUEST_TYPES["source"], self.name)

    async def delete(self, account: Account, native_id: str) -> None:
        """Cancel a running job, erase a finished one. A job that is gone already is no error.

        Raises UnsupportedOperation also where there is no such call for jobs of this kind.
        """
        raise UnsupportedOperation(REQUEST_TYPES["delete"], self.name)

    async def remix(self, account: Account, native_id: str, request: VideoRemixRequest) -> Snapshot:
        """Create a job that changes a finished one."""
        raise UnsupportedOperation(REQUEST_TYPES["remix"], self.name)

    async def listed(self, account: Account, since: datetime) -> list[Listed]:
        """Every job of the account that was created at `since` or later, as the provider lists them.

        It is complete, or it raises: a job that is missing here is taken for one that was never made.
        """
        raise UnsupportedOperation(REQUEST_TYPES["listed"], self.name)

    @classmethod
    def in_environment(cls, environment: Mapping[str, str]) -> dict[str, Any] | None:
        """The provider as a configuration file would describe it, from the vendor's usual variables; None: not there."""
        secret = next((environment[name] for name in cls.key_variables if environment.get(name)), None)
        base_url = next((environment[name] for name in cls.url_variables if environment.get(name)), None)
        if (secret is None and cls.needs_key) or not (base_url or cls.base_url):
            return None
        network = {"base_url": base_url} if base_url is not None else {}
        return {"keys": [{"name": "default", "value": secret or ""}], "network_config": network}

    @classmethod
    def supports(cls, operation: str) -> bool:
        return inspect.getattr_static(cls, operation) is not inspect.getattr_static(Adapter, operation)


def read(model: type[Theirs], reply: Reply, *, creates: bool = False) -> Theirs:
    """A successful answer as the provider's model.

    An answer that cannot be read is OutcomeUnknown if the request may have created something, else ProviderFailed.
    """
    try:
        return model.model_validate_json(reply.body)
    except ValidationError as error:
        what = error.errors(include_url=False, include_input=False)[0]
        message = f"The provider's answer cannot be read: {'.'.join(map(str, what['loc'])) or 'body'}: {what['msg']}"
        kind: type[ProviderError] = OutcomeUnknown if creates else ProviderFailed
        raise kind(message, upstream_status=reply.status) from None


LONG = 1000  # characters of a text that is not worth showing whole


def legible(body: object, embedded: Embedded | None = None) -> dict[str, Any]:
    """A body to be shown: an object, in which files and long texts (base64, mostly) are only described."""
    shown = _legible(body, embedded)
    return shown if isinstance(shown, dict) else {} if shown is None else {"body": shown}


def _legible(value: object, embedded: Embedded | None) -> object:
    match value:
        case File():
            return f"{value.content_type}, {len(value.content)} bytes"
        case str() if embedded is not None and embedded.mark in value:
            characters = len(value) - len(embedded.mark) + embedded.length
            return f"{value.partition(embedded.mark)[0]}… ({characters} characters)"
        case str() if value.startswith("data:"):
            return f"{value.partition(',')[0][:64]},… ({len(value)} characters)"
        case str() if len(value) > LONG:
            return f"{value[:64]}… ({len(value)} characters)"
        case Mapping():
            return {str(name): _legible(item, embedded) for name, item in value.items()}
        case list() | tuple():
            return [_legible(item, embedded) for item in value]
        case _:
            return value


def expressed(model: type[Theirs], fields: Mapping[str, Any], ours: Mapping[str, str]) -> Theirs:
    """Fields as the provider's model of a request. Raises InvalidRequest for what the provider cannot be told.

    `ours` names our parameter for each field of theirs that is called something else.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        what = error.errors(include_url=False, include_input=False)[0]
        field = str(what["loc"][0]) if what["loc"] else ""
        param = ours.get(field, field)
        raise InvalidRequest(
            f"The provider does not take this {param}: {what['msg']}.", code="unsupported_parameter", param=param
        ) from None


def moment(seconds: int | None) -> datetime | None:
    """Unix seconds -> a moment; None for what no calendar holds, such as milliseconds."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def extras(request: BaseModel) -> dict[str, Any]:
    """The fields of a request that our contract does not name: they go to the provider as they are."""
    return dict(request.model_extra or {})
