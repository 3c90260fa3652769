"""What a job came to: decided once, when it is over for good, from what the provider says or from the price of its create.

While it may still come to something (it is looked for, or its provider may finish it after its deadline) it keeps its hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ..providers import quotes
from ..providers.pricing import PLACE, Bills, Outcome, charged, lasting
from ..providers.quotes import Quote
from . import states

if TYPE_CHECKING:
    from .ledger import Job

NOTHING = Decimal(0)

PLACED_BY_THEN: Final = timedelta(minutes=15)
"""After which nobody places a job any more that was deleted while it was being placed."""

BillsOf = Callable[[str], Bills]
"""How the provider of this name bills jobs that make no video."""

CameTo = Callable[["Job"], "Account"]
"""What a job came to, for whoever knows more of it than its row says."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a job came to."""

    usd: Decimal | None  # None: nobody knows
    seconds: Decimal  # of video


def due(job: Job) -> bool:
    """Whether it can be said now what the job came to."""
    if job.holds is None or job.settled_at is not None or job.reconcile_at is not None:
        return False
    if job.state not in states.TERMINAL:
        return False
    return not _is_being_placed(job)


def account(job: Job, bills: Bills) -> Account:
    """What a job came to that is due."""
    before = spent_before(job)
    outcome = _outcome(job)
    made = _seconds(job) if outcome == "completed" else NOTHING
    if outcome is None and job.cost_usd is None:
        return Account(before, made)
    price = full_price(job)
    if price is None and job.cost_usd is None and not (outcome and outcome != "completed" and _free(bills, outcome)):
        return Account(None, made)
    usd = charged(outcome or "failed", bills, price or NOTHING, job.cost_usd)
    return Account((usd + before).quantize(PLACE), made)


def nothing_more(job: Job) -> Account:
    """What a job came to of which the last target has made nothing."""
    return Account(spent_before(job), NOTHING)


def finished(job: Job) -> Account:
    """What a job comes to whose provider makes its video, whatever becomes of it here."""
    price = full_price(job) if job.cost_usd is None else job.cost_usd
    return Account(None if price is None else (price + spent_before(job)).quantize(PLACE), _seconds(job))


def failed_late(job: Job, bills: Bills, reported: Decimal | None) -> Account:
    """What a job came to that was given up at its deadline, and that its provider has failed since then."""
    failed = {"code": "provider_failed", "message": ""}
    return account(replace(job, error=failed, cost_usd=job.cost_usd if reported is None else reported), bills)


def spent_before(job: Job) -> Decimal:
    """What targets came to that failed before the one that has the job now."""
    return sum((Decimal(str(attempt["cost_usd"])) for attempt in job.attempts if "cost_usd" in attempt), NOTHING)


def full_price(job: Job) -> Decimal | None:
    """What its video costs, by the price that held when it was placed and by what was made of it."""
    if job.price is None:
        return None
    quote = Quote.from_json(job.price)
    return quotes.settle(quote, seconds=_length(job, quote), size=job.size)


def _free(bills: Bills, outcome: Outcome) -> bool:
    return outcome != "completed" and getattr(bills, outcome).charge == "nothing"


def _outcome(job: Job) -> Outcome | None:
    """How it ended, for its bill; None: nothing was made, nor begun."""
    code = (job.error or {}).get("code")
    if job.state == states.COMPLETED or code in (states.INVALID_OUTPUT, states.TIMED_OUT):
        return "completed"  # the provider has finished it, or may have, and bills it
    if job.content_filter is not None:
        return "filtered"
    if job.native_id is None:
        return "completed" if code == states.CANCELLED else None  # nobody knows what became of the one
    return "cancelled" if code == states.CANCELLED else "failed"


def _seconds(job: Job) -> Decimal:
    quote = Quote.from_json(job.price) if job.price is not None else None
    return (_length(job, quote) or NOTHING) * (quote.clips if quote is not None else 1)


def _length(job: Job, quote: Quote | None) -> Decimal | None:
    """Seconds of a clip: as was made, and no more than was asked for, which the file of a continued video may hold as well."""
    made = lasting(job.seconds)
    lengths = [made] if made is not None else []
    if quote is not None and quote.seconds is not None:
        lengths.append(quote.seconds)
    return min(lengths, default=None)


def _is_being_placed(job: Job) -> bool:
    """Whether it was deleted while it was being placed, so that whoever places it has yet to say what became of it."""
    cancelled = (job.error or {}).get("code") == states.CANCELLED and job.native_id is None
    return cancelled and job.updated_at > datetime.now(UTC) - PLACED_BY_THEN


def amounts(holds: Mapping[str, str] | None) -> dict[str, Decimal]:
    """`holds` as the row has them -> by meter."""
    return {meter: Decimal(amount) for meter, amount in (holds or {}).items()}
