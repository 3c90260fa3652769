"""The tables of docs/pricing.md: what each model costs, and how each provider bills jobs that make no video.

python -m docs.prices     (or `make docs`)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from handlers.providers.pricing import Bill, Listed, Price, Vendor, price_book

PAGE = Path(__file__).with_name("pricing.md")
BEGIN, END = "<!-- The tables are written by `make docs`. -->", "<!-- Up to here. -->"
SOUND = {True: "with", False: "without", None: "any"}
WORDS = {
    "usd_per_second": "a second",
    "usd_per_video": "a video",
    "usd_per_job": "a job",
    "tokens_per_second": "tokens a second",
    "usd_per_input_image": "an input image",
}
BILLED = {"nothing": "nothing", "price": "the price", "reported": "as reported"}


def tables(vendors: Mapping[str, Vendor]) -> str:
    """Both tables in Markdown, and the sources below them."""
    priced = {name: vendor for name, vendor in vendors.items() if vendor.models}
    sources = [f"- {name}: {vendor.source} ({vendor.confirmed})." for name, vendor in priced.items()]
    return "\n\n".join(
        (
            _markdown(
                ["model", "resolution", "sound", "US dollars"],
                [row for name in priced for row in _rows(name, priced[name])],
            ),
            "Sources, and when they were read:\n\n" + "\n".join(sources),
            _markdown(
                ["provider", "failed", "cancelled", "filtered"],
                [
                    [name, *map(_billed, (v.bills.failed, v.bills.cancelled, v.bills.filtered))]
                    for name, v in vendors.items()
                ],
            ),
        )
    )


def _rows(vendor: str, entry: Vendor) -> Iterator[list[str]]:
    """A row for each price; models that cost the same share theirs."""
    alike: dict[Listed, list[str]] = {}
    for name, listed in entry.models.items():
        alike.setdefault(listed, []).append(f"{vendor}/{name}")
    for listed, names in alike.items():
        for price in listed.prices:
            yield [", ".join(names), price.resolution or "any", SOUND[price.audio], amounts(price)]


def amounts(price: Price) -> str:
    """ "0.05 a second, 0.002 an input image" """
    tokens = price.usd_per_million_tokens
    said = [f"{amount} {what}" for name, what in WORDS.items() if (amount := getattr(price, name)) is not None]
    if tokens is not None:
        said.insert(0, f"{tokens.input} read, {tokens.text} text, {tokens.video} video a million tokens")
    if price.minimum_usd is not None:
        said.append(f"at least {price.minimum_usd}")
    if price.confidence == "unconfirmed":
        said.append("unconfirmed")
    return ", ".join(said)


def _billed(bill: Bill) -> str:
    """In brackets, whether that is known."""
    unsure = " (assumed)" if bill.source is None else " (unconfirmed)" if bill.confidence == "unconfirmed" else ""
    return BILLED[bill.charge] + unsure


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def written(page: str) -> str:
    """The page with the tables as they should be."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables(price_book().vendors)}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
