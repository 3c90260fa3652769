"""mypy is the judge of handlers: one run over three programs that wire handlers in."""

import inspect
from pathlib import Path

import pytest
from mypy import api

from generated.routes import bind

ROOT = Path(__file__).parents[2]
HANDLERS = """
from generated import models as schemas
from generated.routes import Answer


class Models:
    async def model_list(self, caller: str) -> Answer[schemas.ModelListResponse]:
        return Answer(schemas.ModelListResponse(object="list", data=[]), headers={"x-count": "0"})


class NoModels:
    pass


class WrongModels:
    async def model_list(self, caller: str) -> Answer[schemas.Health]:
        raise NotImplementedError


class OtherModels:
    async def model_list(self, who: int, more: str) -> Answer[schemas.ModelListResponse]:
        raise NotImplementedError
"""
WIRING = """
from typing import Any
from generated.routes import Videos, bind
from handlers_under_test import {models}


def wire(videos: Videos[str], other: Any) -> None:
    bind(videos=videos, models={models}(), {others})
"""


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    """Name of the class of handlers -> what mypy says of wiring it in."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "handlers_under_test.py").write_text(HANDLERS)
    others = [tag for tag in inspect.signature(bind).parameters if tag not in ("videos", "models")]
    names = ("Models", "NoModels", "WrongModels", "OtherModels")
    for name in names:
        (folder / f"wires_{name}.py").write_text(
            WIRING.format(models=name, others=", ".join(f"{tag}=other" for tag in others))
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPYPATH", f"{ROOT}:{folder}")
        patch.chdir(ROOT)
        output, errors, _ = api.run(["--config-file", str(ROOT / "pyproject.toml"), str(folder), "generated"])
    assert not errors
    return {name: [line for line in output.splitlines() if f"wires_{name}.py" in line] for name in names} | {
        "generated": [line for line in output.splitlines() if line.startswith("generated")]
    }


def test_what_is_generated_is_strictly_typed(findings):
    assert findings["generated"] == []


def test_complete_handlers_are_accepted(findings):
    assert findings["Models"] == []


@pytest.mark.parametrize("name", ["NoModels", "WrongModels", "OtherModels"])
def test_a_missing_handler_and_one_of_another_type_are_errors(findings, name):
    assert any(f'has incompatible type "{name}"; expected "Models[' in line for line in findings[name])
