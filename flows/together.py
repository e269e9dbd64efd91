"""Records of many keys, under one key for an operator that sees all of them."""

from collections.abc import Callable
from typing import Any, TypeVar

from bytewax import operators as op

from operators.step import Batches

R = TypeVar("R")


def together(
    step_id: str, time_of: Callable[[R], Any], *streams: Batches[Any]
) -> Batches[R]:
    """Return streams as one, put under one key in the order in which it was seen.

    A batch holds one key after the other, each of a long time where records are few: so
    what came together is put in the order of a time that it has.
    """

    def by_time(batches: list[tuple[str, list[R]]]) -> list[tuple[str, list[R]]]:
        records = [record for _, batch in batches for record in batch]
        return [("all", sorted(records, key=time_of))]

    merged: Batches[R] = op.merge(f"{step_id}_words", *streams)
    return op.flat_map_batch(f"{step_id}_by_time", merged, by_time)
