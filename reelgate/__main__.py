"""`python -m reelgate` is `reelgate`."""

from .cli import app

app(prog_name="reelgate")
