"""Trouble to order: directives in a prompt that make the emulated provider misbehave.

A directive is `[sandbox:NAME]`, `[sandbox:NAME=SECONDS]`, or either with ` times=N` before the bracket: it
then applies to the first N creates with this very prompt on this account, and never again. A prompt may hold
several.

| directive | the provider | accepted and counted |
|---|---|---|
| `401` | refuses the key | no |
| `429` | asks to slow down, with Retry-After | no |
| `quota` | is out of quota: OpenAI `insufficient_quota`, Runway its daily limit; both are 429 | no |
| `500`, `503` | fails with an error in its own envelope | no |
| `drop-before` | drops the connection before it accepts | no |
| `refuse` | OpenAI: answers 400 `moderation_blocked` | no |
| | Runway: accepts, and the task fails with SAFETY.INPUT.TEXT | yes |
| `hang=SECONDS` | accepts, and sends not even headers for that long | yes |
| `drop-after` | accepts, and drops the connection without an answer | yes |
| `garbage` | accepts, and answers 200 with a body that is not JSON | yes |
| `502`, `504` | accepts, and a proxy in front answers in HTML | yes |
| `slow=SECONDS` | takes that long for the job | yes |
| `stuck` | never gets beyond 99 % | yes |
| `fail` | fails half-way with its generic code | yes |
| `filtered` | fails half-way with its code for moderated output | yes |
| `throttled` | holds the job back for the first half; OpenAI has no word for that and says queued | yes |
| `weird` | says a status word that no document lists, for the first half | yes |
| `no-render` | completes with one small clip that is rendered once | yes |
"""

import re
from dataclasses import dataclass

Plan = dict[str, float]
"""Directives in force for one create: name -> SECONDS, 0 for a directive that takes none."""

TIMED = frozenset({"hang", "slow"})
NOT_ACCEPTED = frozenset({"401", "429", "quota", "500", "503", "drop-before"})
BAD_ANSWERS = frozenset({"drop-after", "garbage", "502", "504"})
UNFINISHED = frozenset({"refuse", "stuck", "fail", "filtered"})  # no video will come of it
PLAIN = NOT_ACCEPTED | BAD_ANSWERS | UNFINISHED | {"throttled", "weird", "no-render"}

_BRACKET = re.compile(r"\[sandbox:([^\]]*)\]")
_DIRECTIVE = re.compile(
    r"(?P<name>[a-z0-9-]+)(?:=(?P<seconds>[0-9]{1,6}(?:\.[0-9]{1,6})?))?(?: +times=(?P<times>[0-9]{1,6}))?"
)


@dataclass(frozen=True)
class Directive:
    name: str
    seconds: float = 0.0
    times: int | None = None  # for ever if None


class UnknownDirective(ValueError):
    """A directive that the table does not list; silence would let a misspelt test pass."""


def parse(prompt: str) -> list[Directive]:
    """'A cat [sandbox:slow=9] [sandbox:429 times=1]' -> both directives. Raises UnknownDirective."""
    return [_directive(inner) for inner in _BRACKET.findall(prompt)]


def plan(directives: list[Directive], earlier: int) -> Plan:
    """What applies to a create after `earlier` ones with the same prompt on the same account."""
    return {d.name: d.seconds for d in directives if d.times is None or earlier < d.times}


def _directive(inner: str) -> Directive:
    match = _DIRECTIVE.fullmatch(inner)
    if match is None or match["name"] not in (TIMED if match["seconds"] else PLAIN):
        raise UnknownDirective(f"[sandbox:{inner}] is not a directive; sandbox/README.md lists them")
    return Directive(match["name"], float(match["seconds"] or 0), int(match["times"]) if match["times"] else None)
