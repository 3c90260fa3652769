"""Images that are named by URL: fetched through the guard for providers that fetch none, and never from this machine."""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from PIL import Image
from yarl import URL

from handlers import egress
from handlers.egress import Egress
from handlers.errors import ContentTooLarge, InvalidRequest, ProviderFailed, ProviderTimeout, UnsafeUrl
from handlers.media.fetching import Fetching
from tests.gateway import Gateway, judge, running
from tests.handlers.test_egress import HOSTILE, LEGITIMATE, NOT_PUBLIC, Names, name
from tests.handlers.wire import CUT, Origin, Received, Steps, origin, reply

MOST = 1_000_000  # bytes


def picture(kind: str = "PNG", width: int = 64, height: int = 48) -> bytes:
    Image.new("RGB", (width, height), (200, 30, 30)).save(buffer := io.BytesIO(), kind)
    return buffer.getvalue()


PNG = picture()


def answer(request: Received) -> Steps:
    """A server of pictures that does what the path says."""
    target = request.target
    if target.startswith("/to/"):
        return [reply(int(target[4:7]), location=target[8:])]
    match target.split("?")[0].split("/")[1:]:
        case ["png"]:
            return [reply(200, PNG, content_type="text/html")]
        case ["jpeg"]:
            return [reply(200, picture("JPEG"))]
        case ["webp"]:
            return [reply(200, picture("WEBP"))]
        case ["chunked"]:
            return [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n" % len(PNG), PNG, b"\r\n0\r\n\r\n"]
        case ["loop", number]:
            return [reply(302, location=f"/loop/{1 - int(number)}")]
        case ["html"]:
            return [reply(200, b"<!doctype html><title>Sign in</title>", content_type="image/png")]
        case ["svg"]:
            return [reply(200, b"<svg xmlns='http://www.w3.org/2000/svg'/>", content_type="image/svg+xml")]
        case ["empty"]:
            return [reply(200)]
        case ["absent"]:
            return [reply(404, PNG)]
        case ["partial"]:
            return [reply(206, PNG)]
        case ["packed"]:
            return [reply(200, gzip.compress(PNG), content_encoding="gzip")]
        case ["bomb"]:
            return [reply(200, gzip.compress(b"\0" * 200_000_000, 1), content_encoding="gzip")]
        case ["declares-too-much"]:
            return [b"HTTP/1.1 200 OK\r\ncontent-length: 1000001\r\n\r\n", PNG, 30.0]
        case ["declares-too-little"]:
            return [b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n", PNG]
        case ["declares-more-than-comes"]:
            return [b"HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n", PNG]
        case ["endless"]:
            return [b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 65536] * 10_000]
        case ["endless-chunks"]:
            return [
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                *[b"10000\r\n" + b"x" * 65536 + b"\r\n"] * 10_000,
            ]
        case ["drips"]:
            return [b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", *[b"x", 0.05] * 200]
        case ["silent"]:
            return [10.0]
        case ["cut"]:
            return [CUT]
        case ["huge"]:
            return [reply(200, PNG[:16] + b"\x00\x00\x75\x30\x00\x00\x75\x30" + PNG[24:])]  # 30000x30000, it says
    return [reply(400)]


@pytest.fixture(scope="module")
def there() -> Iterator[Origin]:
    with origin(answer) as serving:
        yield serving


@pytest.fixture
async def way() -> AsyncIterator[Egress]:
    async with Egress(private=True) as opened:
        yield opened


async def got(way: Egress, url: str, timeout: float = 5) -> tuple[int, bytes, list[int]]:
    """Status and body of what is at a URL, and what was told of the memory it would take."""
    arriving: list[int] = []
    found = await way.fetch(url, headers={}, timeout=timeout, most=MOST, arriving=arriving.append)
    return found.status, found.body, arriving


# ---- redirects ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/png", "../png", "{url}/png", "{bare}/png", "/to/302//to/302//png", "/png#part"])
async def test_a_redirect_is_followed(way: Egress, there: Origin, status: int, location: str) -> None:
    where = location.format(url=there.url, bare=there.url.removeprefix("http:"))
    assert (await got(way, f"{there.url}/to/{status}/{where}"))[:2] == (200, PNG)


async def test_a_redirect_to_nowhere_is_an_answer(way: Egress, there: Origin) -> None:
    assert (await got(way, f"{there.url}/to/304//png"))[0] == 304


@pytest.mark.parametrize("hops", [5, 6])
async def test_redirects_come_to_an_end(way: Egress, there: Origin, hops: int) -> None:
    url = there.url + "/to/302/" * hops + "/png"
    if hops > egress.MAX_REDIRECTS:
        with pytest.raises(ProviderFailed, match="more than 5 times"):
            await got(way, url)
    else:
        assert (await got(way, url))[1] == PNG


async def test_a_loop_of_redirects_is_left(way: Egress, there: Origin) -> None:
    with pytest.raises(ProviderFailed, match="redirected"):
        await got(way, f"{there.url}/loop/0")


LOCATIONS = [
    *(url for url, _ in HOSTILE if url.startswith(("http", "HTTP", "file:", "ftp:", "gopher:", "data:", "unix:"))),
    *(url.partition(":")[2] for url in NOT_PUBLIC),  # //127.0.0.1/: of the scheme that is there
]


@pytest.mark.parametrize("location", LOCATIONS, ids=name)
def test_a_redirect_is_judged_like_a_url_that_a_caller_names(location: str) -> None:
    with pytest.raises(UnsafeUrl):
        egress._redirected(URL("https://images.example.com/a/b"), location, private=False)


@pytest.mark.parametrize("url", LEGITIMATE, ids=name)
def test_a_redirect_to_a_legitimate_url_is_followed(url: str) -> None:
    assert str(egress._redirected(URL("https://images.example.com/"), url, private=False)).startswith("https://")


@pytest.mark.parametrize("private", [True, False])
def test_a_redirect_does_not_lead_from_https_to_http(private: bool) -> None:
    with pytest.raises(UnsafeUrl):
        egress._redirected(URL("https://a.example.com/"), "http://b.example.com/", private=private)


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "//169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/",
        "http://100.100.100.200/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "http://user:secret@127.0.0.1/",
        "http://[::1%25lo]/",
    ],
)
async def test_a_redirect_leads_out_of_no_private_network_either(way: Egress, there: Origin, location: str) -> None:
    asked = len(there.received)
    with pytest.raises(UnsafeUrl, match="redirects"):
        await got(way, f"{there.url}/to/302/{location}")
    assert len(there.received) == asked + 1


async def test_a_name_that_turns_between_two_redirects_is_refused(there: Origin) -> None:
    names = Names(["127.0.0.1"], ["169.254.169.254"])
    url = there.url.replace("127.0.0.1", "rebinding.example.com")
    async with Egress(private=True, resolver=names) as way:
        with pytest.raises(UnsafeUrl):
            await got(way, f"{url}/to/302/{url}/png")
    assert names.asked == ["rebinding.example.com"] * 2


# ---- answers --------------------------------------------------------------------------------------------------------


async def test_what_arrives_is_told_before_it_is_there(way: Egress, there: Origin) -> None:
    assert await got(way, f"{there.url}/png") == (200, PNG, [len(PNG)])
    status, body, told = await got(way, f"{there.url}/chunked")
    assert (status, body, told[-1]) == (200, PNG, len(PNG))


@pytest.mark.parametrize("path", ["declares-too-much", "endless", "endless-chunks"])
async def test_never_more_than_the_limit_is_in_memory(way: Egress, there: Origin, path: str) -> None:
    arriving: list[int] = []
    with pytest.raises(ContentTooLarge):
        await way.fetch(f"{there.url}/{path}", headers={}, timeout=5, most=MOST, arriving=arriving.append)
    assert max(arriving, default=0) <= MOST


async def test_a_length_that_is_a_lie_brings_no_more_than_it_says(way: Egress, there: Origin) -> None:
    with contextlib.suppress(ProviderFailed):  # what comes behind may be seen as the next answer, in time or not
        assert (await got(way, f"{there.url}/declares-too-little"))[1] == PNG[:8]
    with pytest.raises(ProviderFailed):
        await got(way, f"{there.url}/declares-more-than-comes")


@pytest.mark.parametrize("path", ["drips", "silent"])
async def test_the_time_is_for_all_of_it(way: Egress, there: Origin, path: str) -> None:
    with pytest.raises(ProviderTimeout):
        await got(way, f"{there.url}/{path}", timeout=0.3)


async def test_what_is_refused_while_it_arrives_is_not_fetched_any_further(way: Egress, there: Origin) -> None:
    class Full(Exception):
        pass

    def full(size: int) -> None:
        raise Full

    with pytest.raises(Full):
        await way.fetch(f"{there.url}/png", headers={}, timeout=5, most=MOST, arriving=full)


# ---- images ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
async def test_an_image_is_what_its_bytes_are(way: Egress, there: Origin, kind: str) -> None:
    image = await Fetching(way, MOST).image(f"{there.url}/{kind}")
    assert (image.media_type, image.size) == (f"image/{kind}", (64, 48))


NO_IMAGES = {
    "html": "invalid_image",
    "svg": "invalid_image",
    "empty": "invalid_image",
    "packed": "image_not_fetched",
    "bomb": "image_not_fetched",
    "absent": "image_not_fetched",
    "partial": "image_not_fetched",
    "cut": "image_not_fetched",
    "loop/0": "image_not_fetched",
    "declares-more-than-comes": "image_not_fetched",
    "declares-too-much": "image_too_large",
    "endless": "image_too_large",
    "huge": "image_too_large",
    "to/302/http://169.254.169.254/": "unsafe_url",
}


@pytest.mark.parametrize(("path", "code"), NO_IMAGES.items())
async def test_what_is_no_image_that_can_be_had_is_refused(way: Egress, there: Origin, path: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        await Fetching(way, MOST).image(f"{there.url}/{path}")
    assert (raised.value.status, raised.value.code, raised.value.param) == (400, code, "input_reference")
    assert "127.0.0.1" not in raised.value.message


# ---- through the gateway --------------------------------------------------------------------------------------------

FETCHED_FOR = [
    "vertex/veo-3.1-generate-001",
    "gemini/gemini-omni-1.1-flash",
    "vllm/Wan-AI/Wan2.2-TI2V-5B-Diffusers",
    "azure/sora-2",
]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("guarded")) as gateway:
        yield gateway
        judge(gateway, gateway.exchanges)


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("private"), fetch_private=True) as gateway:
        yield gateway
        judge(gateway, gateway.exchanges)


def create(gateway: Gateway, model: str, url: str, **fields: Any) -> Any:
    body = {"model": model, "prompt": "x [sandbox:no-render]", "input_reference": url, **fields}
    return gateway.ask("POST", "/v1/videos", json=body)


def creates(gateway: Gateway) -> int:
    return sum(each[word] for each in gateway.stats().values() for word in ("creates_accepted", "creates_refused"))


PASS_THE_DOCUMENT = [
    url for url, _ in HOSTILE if re.fullmatch(r"https?://[!-~]+", url) and "0.0.0.0" not in url and len(url) < 3000
]


def test_hostile_urls_are_refused_and_no_job_is_made(guarded: Gateway, there: Origin) -> None:
    """All of them, for a provider that fetches none, with the port of a server on this machine that nothing may reach."""
    port, asked, made = there.url.rpartition(":")[2], len(there.received), creates(guarded)
    assert len(PASS_THE_DOCUMENT) >= 120
    for url in PASS_THE_DOCUMENT:
        for hostile in {url, url.replace("8443", port), url.replace("127.0.0.1", f"127.0.0.1:{port}")}:
            refused = create(guarded, FETCHED_FOR[0], hostile)
            error = refused.json()["error"]
            assert (refused.status_code, error["code"], error["param"]) == (400, "unsafe_url", "input_reference"), url
    assert (len(there.received), creates(guarded)) == (asked, made)
    assert guarded.ask("GET", "/v1/videos").json()["data"] == []


@pytest.mark.parametrize("model", FETCHED_FOR)
def test_a_private_address_is_refused_for_every_provider_that_fetches_none(
    guarded: Gateway, there: Origin, model: str
) -> None:
    asked = len(there.received)
    refused = create(guarded, model, f"{there.url}/png")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unsafe_url")
    assert len(there.received) == asked


@pytest.mark.parametrize("model", FETCHED_FOR)
def test_an_image_is_fetched_once_for_a_provider_that_fetches_none(private: Gateway, there: Origin, model: str) -> None:
    asked = len(there.received)
    fields = {"size": "1280x720", "input_fit": "crop"} if "azure" in model else {}
    made = create(private, model, f"{there.url}/png?{model}", **fields)
    assert made.status_code == 200, made.text
    assert len(there.received) == asked + 1


def test_a_url_is_passed_on_to_a_provider_that_fetches_it(guarded: Gateway, there: Origin) -> None:
    asked = len(there.received)
    assert create(guarded, "runway/gen4.5", "https://images.example.com/boat.png").status_code == 200
    assert create(guarded, "openrouter/google/veo-3.1", there.url).status_code == 200
    assert len(there.received) == asked


BEYOND_ITS_LIMIT = {"endless", "declares-too-much"}  # which is 32 MiB


@pytest.mark.parametrize(("path", "code"), [each for each in NO_IMAGES.items() if each[0] not in BEYOND_ITS_LIMIT])
def test_what_cannot_be_had_makes_no_job(private: Gateway, there: Origin, path: str, code: str) -> None:
    made = creates(private)
    refused = create(private, FETCHED_FOR[0], f"{there.url}/{path}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, code), refused.text
    assert creates(private) == made


def test_a_fallback_that_fetches_the_url_itself_takes_the_job(private: Gateway, there: Origin) -> None:
    made = create(private, FETCHED_FOR[0], f"{there.url}/absent", fallbacks=["openrouter/google/veo-3.1"])
    assert made.status_code == 200, made.text
    tried = made.json()["extra_fields"]["attempts"]
    assert [(each["provider"], each["outcome"]) for each in tried] == [
        ("vertex", "refused"),
        ("openrouter", "accepted"),
    ]


def test_nothing_is_fetched_for_a_fallback_that_is_not_asked(private: Gateway, there: Origin) -> None:
    asked = len(there.received)
    assert (
        create(private, "openrouter/google/veo-3.1", f"{there.url}/png", fallbacks=FETCHED_FOR[:1]).status_code == 200
    )
    assert len(there.received) == asked


# ---- types and sizes ------------------------------------------------------------------------------------------------


def sent(gateway: Gateway, word: bytes) -> bytes:
    """The last body with a word in it that a provider got."""
    bodies = [each.request_body for each in gateway.exchanges if "/sandbox/" in each.url and word in each.request_body]
    return bodies[-1]


def test_a_type_that_the_model_does_not_take_becomes_one_that_it_takes(private: Gateway, there: Origin) -> None:
    made = create(private, FETCHED_FOR[0], f"{there.url}/webp", prompt="a webp [sandbox:no-render]")
    assert made.status_code == 200, made.text
    assert b'"mimeType":"image/png"' in sent(private, b"a webp")


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_an_image_is_fitted_to_the_size_of_the_video(private: Gateway, there: Origin, fit: str) -> None:
    prompt = f"{fit} it [sandbox:no-render]"
    made = create(private, "azure/sora-2", f"{there.url}/jpeg", prompt=prompt, size="1280x720", input_fit=fit)
    assert made.status_code == 200, made.text
    body = sent(private, prompt.encode())
    assert b"input_fit" not in body
    with Image.open(io.BytesIO(body[body.index(b"\xff\xd8\xff") :])) as fitted:
        assert (fitted.format, fitted.size) == ("JPEG", (1280, 720))
        corner = fitted.getpixel((5, 360))
    assert corner == pytest.approx((200, 30, 30) if fit == "crop" else (0, 0, 0), abs=12)


def test_an_image_is_not_fitted_to_more_than_an_image_may_have(private: Gateway, there: Origin) -> None:
    refused = create(private, "openrouter/any/model", f"{there.url}/png", size="99999x99999", input_fit="pad")
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["param"]) == (400, "unsupported_parameter", "size")


def test_input_fit_has_the_image_fetched_even_for_those_who_fetch_urls(private: Gateway, there: Origin) -> None:
    asked = len(there.received)
    made = create(private, "runway/gen4.5", f"{there.url}/png?fit", size="1280x720", input_fit="crop")
    assert made.status_code == 200, made.text
    assert len(there.received) == asked + 1


def test_an_image_that_cannot_be_decoded_cannot_be_fitted(private: Gateway) -> None:

    broken = f"data:image/png;base64,{base64.b64encode(PNG[:60]).decode()}"
    refused = create(private, "azure/sora-2", broken, size="1280x720", input_fit="crop")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_image"), refused.text
