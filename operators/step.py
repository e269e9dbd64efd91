"""From an operator to a Bytewax step. The only engine code among the operators.

Every stream of the house carries batches: ``(key, [record, ...])``, all of one key and
in order. How records are grouped into batches depends on the day, so it never changes
what an operator says: an operator sees one record after the other.
"""

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from bytewax import operators as op
from bytewax.dataflow import Stream
from bytewax.operators import KeyedStream, StatefulBatchLogic

X = TypeVar("X")
Y = TypeVar("Y")
K = TypeVar("K", bound="Keyed")
X_contra = TypeVar("X_contra", contravariant=True)
Y_co = TypeVar("Y_co", covariant=True)

Batches = KeyedStream[list[X]]
"""A stream of batches of records, each batch of one key and in order."""


class Keyed(Protocol):
    """What says by which key it is kept in order: a record, mostly."""

    @property
    def key(self) -> str:
        """The state key."""
        ...


class Operator(Protocol[X_contra, Y_co]):
    """Params, State and ``update``; one instance a key."""

    state: Any

    def update(self, records: Iterable[X_contra]) -> Iterable[Y_co]:
        """Take in records in order; return what follows from them."""
        ...

    def close(self) -> Iterable[Y_co]:
        """Return what is left to say when the input has come to its true end."""
        ...


@dataclass
class _Logic(StatefulBatchLogic[list[X], list[Y], Any], Generic[X, Y]):
    operator: Operator[X, Y]
    closes: bool

    def on_batch(self, values: list[list[X]]) -> tuple[Iterable[list[Y]], bool]:
        update = self.operator.update
        outs = [out for batch in values if (out := list(update(batch)))]
        return outs, self.RETAIN

    def on_eof(self) -> tuple[Iterable[list[Y]], bool]:
        last = list(self.operator.close()) if self.closes else []
        return [last] if last else [], self.RETAIN

    def snapshot(self) -> Any:
        return copy.deepcopy(self.operator.state)


def stateful(
    step_id: str,
    up: Batches[X],
    new: Callable[[], Operator[X, Y]],
    *,
    closes: bool,
) -> Batches[Y]:
    """Place an operator; the engine keeps one of it per key.

    Only the state is kept for recovery, never the settings, so that a changed setting
    takes effect on restart.

    Args:
        step_id: The operator's name; a key in the recovery store.
        up: Batches of records.
        new: Makes the operator as it is before the first record of a key.
        closes: Whether the input has a true end (a whole recording), at which the
            operator says what is left. A process that merely stops has none.
    """

    def build(state: Any | None) -> _Logic[X, Y]:
        operator = new()
        if state is not None:
            operator.state = state
        return _Logic(operator, closes)

    return op.stateful_batch(step_id, up, build)


def by_key(records: Iterable[K]) -> list[tuple[str, list[K]]]:
    """Group records by their key, keeping their order within it."""
    groups: defaultdict[str, list[K]] = defaultdict(list)
    for record in records:
        groups[record.key].append(record)
    return list(groups.items())


def only(
    step_id: str, up: Stream[tuple[str, list[Any]]], *kinds: type[Y]
) -> Stream[tuple[str, list[Y]]]:
    """Let through what is of one of these classes."""

    def let(batch: tuple[str, list[Any]]) -> tuple[str, list[Y]] | None:
        kept = [each for each in batch[1] if isinstance(each, kinds)]
        return (batch[0], kept) if kept else None

    return op.filter_map(step_id, up, let)


def within(step_id: str, up: Stream[tuple[str, list[K]]]) -> Batches[K]:
    """Key batches by what their records are about, within the key they came under.

    A state key then says to which partition of its topic it belongs: it is found by
    :func:`root`, wherever workers are added or taken away.
    """

    def regroup(batches: list[tuple[str, list[K]]]) -> list[tuple[str, list[K]]]:
        return [
            (f"{key}>{inner}", group)
            for key, records in batches
            for inner, group in by_key(records)
        ]

    return op.flat_map_batch(step_id, up, regroup)


def root(state_key: str) -> str:
    """Return the key of the message that a state key goes back to."""
    return state_key.partition(">")[0]


def rekey(step_id: str, up: Stream[tuple[str, list[K]]]) -> Batches[K]:
    """Key batches by what their records are about."""

    def regroup(batches: list[tuple[str, list[K]]]) -> list[tuple[str, list[K]]]:
        return by_key(record for _, batch in batches for record in batch)

    return op.flat_map_batch(step_id, up, regroup)
