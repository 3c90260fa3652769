"""Clips that several tests look at, shot once."""

from __future__ import annotations

from pathlib import Path

import pytest

from .footage import shoot


@pytest.fixture(scope="session")
def reels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two seconds of film in each container, 48 frames of 320 x 180 pixels."""
    folder = tmp_path_factory.mktemp("reels")
    front, fragments = {"movflags": "faststart"}, {"movflags": "frag_keyframe+empty_moov"}
    return {
        "index behind": shoot(folder / "behind.mp4", sound="aac"),
        "index in front": shoot(folder / "front.mp4", sound="aac", container=front),
        "fragments": shoot(folder / "fragments.mp4", container=fragments, g="12"),
        "quicktime": shoot(folder / "quicktime.mov"),
        "matroska": shoot(folder / "matroska.mkv", sound="libopus"),
        "webm": shoot(folder / "webm.webm", "libvpx-vp9", sound="libopus"),
        "streamed webm": shoot(folder / "streamed.webm", "libvpx-vp9", container={"live": "1"}),
        "gif": shoot(folder / "gif.gif", "gif", pixels="rgb8", size=(64, 36)),
    }
