"""What a job came to: decided once, when it is over for good, from what the provider says or from the price of its create.

While it may still come to something (it is looked for, or its provider may finish it after its deadline) it keeps its hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

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
    seconds: Decimal | None  # of video; None: nobody knows, so it counts as what was held for it
    known: Decimal  # US dollars, as far as they are known
    last: Decimal  # of them with its last target: what meters have not counted yet

    @property
    def used(self) -> dict[str, Decimal | None]:
        """What meters have yet to count, by metric."""
        return {"usd": self.last, "seconds": self.seconds}


def due(job: Job) -> bool:
    """Whether it can be said now what the job came to."""
    if job.holds is None or job.settled_at is not None or job.reconcile_at is not None:
        return False
    if job.state not in states.TERMINAL:
        return False
    return not _is_being_placed(job)


def account(job: Job, bills: Bills) -> Account:
    """What a job came to that is due."""
    made = _seconds(job) if _outcome(job) == "completed" else NOTHING
    return _with_what_failed(job, own(job, bills), made)


def nothing_more(job: Job) -> Account:
    """What a job came to of which the last target has made nothing."""
    return _with_what_failed(job, NOTHING, NOTHING)


def finished(job: Job) -> Account:
    """What a job comes to whose provider makes its video, whatever becomes of it here."""
    reported = _reported(job)
    return _with_what_failed(job, full_price(job) if reported is None else reported, _seconds(job))


def failed_late(job: Job, bills: Bills, said: Mapping[str, Any]) -> Account:
    """What a job came to that was given up at its deadline, and that its provider has failed since then.

    `said` is what the provider says of it, as columns; nothing, if it does not know the job any more.
    """
    failed = {"error": {"code": "provider_failed", "message": ""}, **said, "state": states.FAILED}
    return account(replace(job, **failed), bills)


def own(job: Job, bills: Bills) -> Decimal | None:
    """What a job came to with the target that has it now; None: nobody knows."""
    outcome, reported = _outcome(job), _reported(job)
    if outcome is None:
        return reported or NOTHING
    price = full_price(job)
    free = outcome != "completed" and getattr(bills, outcome).charge == "nothing"
    if price is None and reported is None and not free:
        return None
    return charged(outcome, bills, price or NOTHING, reported)


def spent_before(job: Job) -> Decimal:
    """What targets came to that failed before the one that has the job now, as far as it is known."""
    costs = (attempt.get("cost_usd") for attempt in job.attempts)
    return sum((Decimal(str(cost)) for cost in costs if cost is not None), NOTHING)


def _with_what_failed(job: Job, usd: Decimal | None, seconds: Decimal | None) -> Account:
    """What a job came to with all its targets, and with the last of them `usd`."""
    last = (usd or NOTHING).quantize(PLACE)
    known = spent_before(job) + last
    open_ = any("cost_usd" in attempt and attempt["cost_usd"] is None for attempt in job.attempts)
    return Account(None if usd is None or open_ else known, seconds, known, last)


def full_price(job: Job) -> Decimal | None:
    """What its video costs, by the price that held when it was placed and by what was made of it."""
    if job.price is None:
        return None
    quote = Quote.from_json(job.price)
    return quotes.settle(quote, seconds=_length(job, quote), size=job.size, tokens=job.tokens)


def _reported(job: Job) -> Decimal | None:
    """The provider's own figure: an amount; or tokens that it has counted, which cost what they did at the create."""
    if job.tokens is None or job.price is None:
        return job.cost_usd
    by_tokens = Quote.from_json(job.price).price.usd_per_million_tokens is not None
    return full_price(job) if by_tokens else None


def _outcome(job: Job) -> Outcome | None:
    """How it ended, for its bill; None: nothing was made, nor begun."""
    code = (job.error or {}).get("code")
    if job.state == states.COMPLETED or (code in states.OURS and job.native_id is not None):
        return "completed"  # the provider has finished it, or may have, and bills it
    if job.content_filter is not None:
        return "filtered" if job.native_id is not None else None
    if job.native_id is None:
        return "completed" if code == states.CANCELLED else None  # nobody knows what became of the one
    return "cancelled" if code == states.CANCELLED else "failed"


def _seconds(job: Job) -> Decimal | None:
    """Of all its clips; None: nobody knows."""
    quote = Quote.from_json(job.price) if job.price is not None else None
    clips = quote.clips if quote is not None else quotes.clips_in(job.request)
    length = _length(job, quote)
    return None if length is None or clips is None else length * clips


def _length(job: Job, quote: Quote | None) -> Decimal | None:
    """Seconds of a clip: as was made, and no more than was asked for, which the file of a continued video may hold as well.

    Where frames were asked for, as was asked: what is said of the length then is what `seconds` was.
    """
    made = lasting(job.seconds) if quotes.FRAMES not in job.request else None
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


def texts(holds: Mapping[str, Decimal]) -> dict[str, str]:
    """The other way round."""
    return {meter: str(amount) for meter, amount in holds.items()}
