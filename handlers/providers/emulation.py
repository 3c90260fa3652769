"""Where the emulators are that serve a gateway without providers, and which account it has with them.

They show everything that is made with an account to whoever has it, as providers do. A gateway that serves this machine only has
them at a place that everybody knows, to be looked at; one with keys has a place and an account that nobody else is told.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import Final

from ..settings import Settings


@dataclass(frozen=True, slots=True)
class Emulation:
    prefix: str  # of the paths that are the emulators'
    account: str  # letters and digits

    def secret(self, sandbox_secret: str) -> str:
        """The key of this account, from one that an adapter has for the account that everybody knows."""
        return sandbox_secret.replace(OPEN.account, self.account)


OPEN: Final = Emulation("/sandbox", "reelgate")


def emulation(settings: Settings) -> Emulation:
    """The same for all processes with this data directory."""
    if settings.open:
        return OPEN
    folder = settings.data_dir / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    file, new = folder / "address", folder / f"address.{secrets.token_hex(8)}"
    if not file.exists():
        new.touch(mode=0o600)
        new.write_text(secrets.token_hex(32))
        try:
            os.link(new, file)  # unless another process was earlier
        except FileExistsError:
            pass
        finally:
            new.unlink()
    known = file.read_text()
    return Emulation(f"/sandbox/{known[:32]}", known[32:])
