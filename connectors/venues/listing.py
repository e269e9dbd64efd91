"""Lists of instruments: what of them has a name here."""

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from operators.records.base import NotARecordError

Row = TypeVar("Row")


class Named(NamedTuple, Generic[Row]):
    """A row of a list that has a name here.

    Attributes:
        row: The row.
        native: The venue's name.
        symbol: Ours.
        base: What it is a market of, by our name.
        quote: What that is priced in, by our name.
    """

    row: Row
    native: str
    symbol: str
    base: str
    quote: str


def named(
    rows: Iterable[tuple[str, Row]], canonical: Callable[[str], str]
) -> Iterator[Named[Row]]:
    """Yield the rows, each given after its name, that have a name here too."""
    for native, row in rows:
        try:
            symbol = canonical(native)
        except NotARecordError:
            continue
        base, quote = symbol.split("-")[:2]
        yield Named(row, native, symbol, base, quote)
