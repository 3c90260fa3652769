import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from codegen.__main__ import main
from codegen.compare import differences
from codegen.generate import generate
from codegen.template import docstring

SMALL = Path(__file__).parent / "small"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path):
    """A copy of the small repository, its `generated/` as committed."""
    return Path(shutil.copytree(SMALL, tmp_path / "small"))


@pytest.fixture
def quick(monkeypatch):
    """Without the models, which take a process each."""
    monkeypatch.setattr("codegen.models.render", lambda document, header: f"{header}\n")


def check(repository, capsys):
    code = main(["--check", "--root", str(repository)])
    return code, capsys.readouterr().out


def test_the_generated_text_is_the_expected_one():
    assert list(differences(generate(SMALL), SMALL / "generated")) == []


def test_output_does_not_depend_on_the_hash_seed(repository):
    shutil.rmtree(repository / "generated")
    command = [sys.executable, "-m", "codegen", "--root", str(repository)]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "4242"}, check=True)
    assert list(differences(generate(SMALL), repository / "generated")) == []


def test_every_python_file_says_where_it_comes_from():
    for name, text in generate(SMALL).items():
        if name.endswith(".py"):
            source = f"upstreams/{'*' if '__init__' in name else 'other'}.yaml" if "/" in name else "openapi.yaml"
            assert text.startswith(f"# Generated from {source} by `make generate`. Do not edit.\n")


class TestCheck:
    @pytest.fixture(autouse=True)
    def up_to_date(self, quick, repository, capsys):
        main(["--root", str(repository)])
        assert check(repository, capsys) == (0, "")

    def test_shows_an_edited_line(self, repository, capsys):
        path = repository / "generated" / "routes.py"
        path.write_text(path.read_text().replace("status: int = 200", "status: int = 500"))
        code, output = check(repository, capsys)
        assert code == 1
        assert "--- routes.py\n+++ routes.py (regenerated)\n" in output
        assert "-    status: int = 500\n+    status: int = 200\n" in output

    def test_names_missing_and_extra_files(self, repository, capsys):
        (repository / "generated" / "client.py").unlink()
        (repository / "generated" / "mine.py").touch()
        (repository / "generated" / "__pycache__").mkdir()
        (repository / "generated" / "__pycache__" / "mine.pyc").touch()
        assert check(repository, capsys) == (1, "MISSING: client.py\nEXTRA: mine.py\n")

    @pytest.mark.parametrize("source", ["openapi.yaml", "upstreams/other.yaml"])
    def test_sees_a_changed_comment(self, repository, capsys, source):
        with (repository / source).open("a") as document:
            document.write("# a comment\n")
        code, output = check(repository, capsys)
        assert code == 1
        assert output.startswith("--- SOURCES.json")
        assert len([line for line in output.splitlines() if line.startswith("+ ")]) == 1

    def test_sees_a_changed_description(self, repository, capsys):
        path = repository / "openapi.yaml"
        path.write_text(path.read_text().replace("All the things", "Every thing"))
        assert '+    """Every thing"""\n' in check(repository, capsys)[1]

    def test_changes_nothing(self, repository, capsys):
        (repository / "generated" / "client.py").unlink()
        check(repository, capsys)
        assert not (repository / "generated" / "client.py").exists()

    def test_generating_removes_stale_files_and_leaves_good_ones_alone(self, repository, capsys):
        (repository / "generated" / "upstreams" / "gone.py").touch()
        routes = repository / "generated" / "routes.py"
        os.utime(routes, (1, 1))
        assert main(["--root", str(repository)]) == 0
        assert check(repository, capsys) == (0, "")
        assert routes.stat().st_mtime == 1


@pytest.mark.parametrize(
    ("source", "old", "place"),
    [
        ("openapi.yaml", "minLength: 1", "components.schemas.Name"),
        ("upstreams/other.yaml", "required: [id]", "components.schemas.Task"),
    ],
)
def test_a_faulty_document_is_told_in_one_line(repository, capsys, source, old, place):
    path = repository / source
    path.write_text(path.read_text().replace(old, "patternProperties: {}"))
    assert main(["--root", str(repository)]) == 2
    assert capsys.readouterr().err == (
        f"codegen: {source}: {place}.patternProperties: cannot be lowered to OpenAPI 3.0\n"
    )


@pytest.mark.parametrize("text", ['say "so"', 'three """ of them', "a \\n b", "first\n\n  indented\nlast", '"'])
def test_a_docstring_says_what_the_document_said(text):
    scope: dict[str, object] = {}
    exec(f"class Said:\n    {docstring(text, 4)}\n", scope)
    lines = scope["Said"].__doc__.splitlines()
    assert "\n".join(line.removeprefix("    ") for line in lines).rstrip() == text
