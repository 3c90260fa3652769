"""A browser plays what the gateway serves, and seeks in it. Needs Debian's packages `chromium` and `chromium-driver`."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from PIL import Image, ImageChops, ImageStat
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from tests.gateway import Gateway, running
from tests.handlers.wire import serving

PAGE = '<body style="margin:0"><video id="film" muted preload="metadata" width="640" height="360" src="{url}"></video>'
QUIET = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")

READY = """
const done = arguments[arguments.length - 1], film = document.getElementById("film");
film.onerror = () => done("error: " + film.error.message);
const told = () => done([film.duration, film.videoWidth, film.videoHeight, film.seekable.end(0)]);
film.readyState >= 1 ? told() : film.onloadedmetadata = told;
"""
SEEK = """
const done = arguments[arguments.length - 1], film = document.getElementById("film");
film.requestVideoFrameCallback((_, frame) => done(frame.mediaTime));
film.currentTime = arguments[0];
"""
PLAY = """
const done = arguments[arguments.length - 1], film = document.getElementById("film");
film.onended = () => done(film.currentTime);
film.currentTime = arguments[0];
film.play();
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("there is no Chromium: install Debian's packages chromium and chromium-driver")
    options = ChromeOptions()
    options.binary_location = chromium
    profile = tmp_path_factory.mktemp("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", *QUIET):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={profile}")
    options.add_argument("--window-size=800,600")
    with Chrome(options, Service(driver)) as chrome:
        chrome.set_script_timeout(30)
        yield chrome


@pytest.fixture(scope="module")
def open_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway without keys: the tag of a video cannot send one."""
    with running(tmp_path_factory.mktemp("browser"), api_keys={}) as gateway:
        yield gateway


def frame_at(film: bytes, seconds: float) -> Image.Image:
    with av.open(io.BytesIO(film)) as opened:
        shown = [frame for frame in opened.decode(video=0) if float(frame.time or 0) <= seconds + 0.001]
        return shown[-1].to_image()  # type: ignore[no-untyped-call]


def difference(one: Image.Image, other: Image.Image) -> float:
    """Of two pictures, in shades of 256."""
    return sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean) / 3


def test_a_browser_plays_and_seeks_the_video(browser: Chrome, open_gateway: Gateway, tmp_path: Path) -> None:
    job = open_gateway.create("A browser looks at this", key=None, seconds="4", size="1280x720")["id"]
    assert open_gateway.finished(job, key=None, patience=60)["status"] == "completed"
    url = f"{open_gateway.url}/v1/videos/{job}/content"
    film = open_gateway.ask("GET", f"/v1/videos/{job}/content", None).content
    open_gateway.exchanges.clear()

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        await HTMLResponse(PAGE.format(url=url))(scope, receive, send)

    with serving(page) as address:
        browser.get(address)
    assert browser.execute_async_script(READY) == [pytest.approx(4, abs=0.1), 1280, 720, pytest.approx(4, abs=0.1)]
    for second in (2.5, 1.0, 3.5):
        shown_at = browser.execute_async_script(SEEK, second)
        assert shown_at == pytest.approx(second, abs=0.05)
        shot = tmp_path / f"{second}.png"
        browser.find_element(By.ID, "film").screenshot(str(shot))
        with Image.open(shot) as seen:
            right = difference(seen, frame_at(film, shown_at).resize(seen.size))
            wrong = difference(seen, frame_at(film, (second + 1.5) % 4).resize(seen.size))
        assert right < 6 and right < wrong / 2, (second, right, wrong)
    assert browser.execute_async_script(PLAY, 3.0) == pytest.approx(4, abs=0.1)
    asked = [each for each in open_gateway.exchanges if each.url.startswith(url)]
    assert {206} <= {each.status for each in asked} <= {200, 206, 304}


def test_a_browser_that_has_the_video_is_told_that_it_is_the_same(open_gateway: Gateway) -> None:
    job = open_gateway.create("seen before [sandbox:no-render]", key=None)["id"]
    open_gateway.finished(job, key=None)
    path = f"/v1/videos/{job}/content"
    first = open_gateway.ask("GET", path, None)
    again = {"If-None-Match": first.headers["ETag"], "If-Modified-Since": first.headers["Last-Modified"]}
    assert open_gateway.ask("GET", path, None, headers=again).status_code == 304
