"""Large films: how one is made, and an upstream that hands them out. `python -m bench.films`, run by `transfers`.

The upstream is the sandbox's OpenAI emulator, but for the file: that is `films/{first word of the prompt}` of its data
directory, served by Starlette's `FileResponse` in the pieces with which it is fastest. `GET /told?account=A` tells when it
first said of this account's last job that it is completed, in Unix seconds.
"""

from __future__ import annotations

import argparse
import random
import time
from fractions import Fraction
from pathlib import Path

import av
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from sandbox import openai
from sandbox.render import Renderer
from sandbox.store import Store
from sandbox.studio import Studio

WIDTH, HEIGHT, RATE = 1280, 720, 24  # pixels, frames a second
GROUP = 12  # frames from one to jump to until the next
CODING = {"preset": "ultrafast", "qp": "10", "x264-params": f"keyint={GROUP}:scenecut=0"}  # noise: 1.8 MB for a frame
PIECE = 2**20  # bytes that are read and sent at a time


def make(target: Path, size: int) -> None:
    """A film of noise that can be played, of at least `size` bytes: H.264 as MP4, its index in front.

    One group of frames is encoded, and repeated as often as it takes.
    """
    chance = random.Random(7)
    with av.open(target, "w", format="mp4", options={"movflags": "faststart"}) as film:
        stream = film.add_stream("libx264", rate=RATE, options=CODING)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        group: list[av.Packet[av.VideoStream]] = []
        for number in range(GROUP):
            frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
            for plane in frame.planes:
                plane.update(chance.randbytes(plane.buffer_size))
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            group += stream.encode(frame)
        group += stream.encode()
        written = number = 0
        while written < size:
            packet = av.Packet(bytes(group[number % GROUP]))
            packet.stream, packet.time_base = stream, Fraction(1, RATE)
            packet.pts = packet.dts = number
            packet.duration, packet.is_keyframe = 1, group[number % GROUP].is_keyframe
            film.mux(packet)
            written, number = written + packet.size, number + 1


class Films(openai.Videos):
    """The emulator, with large files, and a memory of what it said when."""

    def __init__(self, studio: Studio, directory: Path) -> None:
        super().__init__(studio)
        self._directory = directory
        self._told: dict[str, float] = {}

    async def retrieve(self, request: Request) -> Response:
        response = await super().retrieve(request)
        task = self._find(request)
        if self.studio.standing(task).completed_at is not None:
            self._told.setdefault(task.id, time.time())
        return response

    async def content(self, request: Request) -> Response:
        response = FileResponse(self._directory / str(self._find(request).request["prompt"]).split()[0])
        response.chunk_size = PIECE
        return response

    async def told(self, request: Request) -> Response:
        return JSONResponse({"at": self._told[request.query_params["job"]]})


def build(directory: Path, job_seconds: float) -> Starlette:
    """The upstream as an ASGI application, with its memory below `directory`, where its films are too."""
    studio = Studio("openai", Store(directory / "sandbox.sqlite3"), Renderer(directory), time.time, job_seconds)
    films = Films(studio, directory)
    return Starlette(
        routes=[
            Mount("/openai", films.application()),
            Route("/told", films.told),
            Route("/stats", lambda _: JSONResponse({})),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.films", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--job-seconds", type=float, required=True)
    options = parser.parse_args()
    app = build(options.data, options.job_seconds)
    uvicorn.run(app, host="127.0.0.1", port=options.port, access_log=False, timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
