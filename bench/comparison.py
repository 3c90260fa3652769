"""Status polls and creates through reelgate, the LiteLLM proxy and the upstream alone, as a part of the benchmark."""

from __future__ import annotations

from . import report
from .rounds import Result, measure
from .sections import Section, Tell
from .systems import litellm_version

CONCURRENCY = 8  # requests under way


def run(tell: Tell, *, quick: bool) -> Section:
    """Raises Failed."""
    rounds, seconds = (1, 1.0) if quick else (5, 3.0)

    def tell_sample(when: str, sample: report.Sample) -> None:
        what = f"{when:8}  {sample.operation:6}  {sample.system:8}  {report.micros(sample):6.0f} CPU µs a request"
        tell(f"{what}  {sample.requests} requests  {sample.first_error}")

    result = measure(rounds=rounds, seconds=seconds, concurrency=CONCURRENCY, tell=tell_sample)
    facts = {
        "litellm": litellm_version(),
        "rounds": rounds,
        "seconds": seconds,
        "concurrency": CONCURRENCY,
        "creates_sent": result.creates_sent,
        "creates_seen": result.creates_seen,
    }
    found = report.rows(result.samples)
    text = report.markdown(found, result.memory, facts)
    return Section(
        "Beside the LiteLLM proxy", text, report.document(result.samples, result.memory, facts), doubts(result)
    )


def doubts(result: Result) -> list[str]:
    """The figures can be believed if nothing failed and the upstream saw exactly the creates that were sent."""
    errors = sum(sample.errors for sample in result.samples)
    if errors == 0 and result.creates_seen == result.creates_sent:
        return []
    counts = f"the upstream counted {result.creates_seen} creates for {result.creates_sent} sent"
    return [f"{errors} requests failed; {counts}."]
