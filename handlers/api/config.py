"""The operations of the tag Config, in the document's order."""

from __future__ import annotations

import platform
from importlib.metadata import version

from generated import models
from generated.routes import Answer

from ..access.callers import Caller
from ..access.options import Options


class Config:
    def __init__(self, options: Options, document_version: str) -> None:
        self._options = options
        self._document_version = document_version

    async def config_retrieve(self, caller: Caller) -> Answer[models.Config]:
        await self._options.load()
        return Answer(self._config())

    async def config_update(self, caller: Caller, body: models.ConfigUpdateRequest) -> Answer[models.ConfigResponse]:
        await self._options.change(body.model_dump(mode="json").get("client", {}))
        return Answer(models.ConfigResponse(message="The options were changed.", config=self._config()))

    async def version_retrieve(self, caller: Caller) -> Answer[models.Version]:
        running = models.Version(
            version=version("reelgate"), document=self._document_version, python=platform.python_version()
        )
        return Answer(running)

    def _config(self) -> models.Config:
        return models.Config.model_validate(
            {
                "client": self._options.now.model_dump(),
                "declared": {"file": self._options.file.model_dump(), "api": self._options.set},
            }
        )
