"""Templates -> Python text, laid out by ruff so that it reads like what people write."""

import subprocess
import sys
from pathlib import Path

import jinja2

TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701, this is Python, not HTML
)
# --isolated: neither a configuration above the working folder nor a cache decides what is generated.
RUFF = (sys.executable, "-m", "ruff")
OPTIONS = ("--isolated", "--no-cache", "--line-length", "110", "--target-version", "py311", "-")


def docstring(text: str, indent: int) -> str:
    """A text -> a docstring, its lines after the first indented by `indent` spaces."""
    escaped = text.strip().replace("\\", "\\\\").replace('"""', r"\"\"\"")
    lines = [f"{' ' * indent}{line}".rstrip() for line in escaped.splitlines()]
    if len(lines) == 1 and not escaped.endswith('"'):
        return f'"""{escaped}"""'
    return "\n".join([f'"""{lines[0].strip()}', *lines[1:], f'{" " * indent}"""'])


def render(name: str, **values: object) -> str:
    """The template `name` with its values -> formatted Python without unused imports."""
    text = TEMPLATES.get_template(f"{name}.jinja").render(**values)
    text = _ruff(("check", "--select", "F401,I", "--fix", "--exit-zero", "--quiet"), text)
    return _ruff(("format",), text)


def _ruff(command: tuple[str, ...], text: str) -> str:
    run = subprocess.run(  # noqa: S603, our own command
        [*RUFF, *command, *OPTIONS], input=text, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if run.returncode:
        raise RuntimeError(f"ruff cannot read what a template made: {run.stderr}")
    return run.stdout


TEMPLATES.filters["docstring"] = docstring
