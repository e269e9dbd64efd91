"""Another number of workers for a flow: its state, dealt out anew.

Each worker has a store of its own. The state of a key goes to the worker that will read
the key's partition; the places in the topics that a worker read go with the partitions;
of where it had written to, each worker takes the earliest.

The new stores are made beside the old ones, which are then set aside. Whatever moment
it is cut off at, it can be run again.
"""

import pickle
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final, NamedTuple

from bytewax.recovery import init_db_dir
from kafka.partitioner.default import murmur2

from config.load import ConfigError
from config.settings import Settings
from config.shard import Shard
from connectors.kafka import Offsets
from connectors.reader import consumer, partitions
from flows.io import stores_of
from flows.outline import outline
from flows.store import Store, StoreError
from operators.step import root
from sinks.parquet import undo

_EPOCH: Final = 1
_POSITIVE: Final = 0x7FFFFFFF  # as Kafka's clients take a hash
_ALL: Final = "all"
_ASIDE: Final = ".was"
_BESIDE: Final = ".new"


class Kept(NamedTuple):
    """A state in a store.

    Attributes:
        step: Whose.
        key: Of which key.
        state: Pickled.
    """

    step: str
    key: str
    state: bytes


class Rescaled(NamedTuple):
    """What was done.

    Attributes:
        before: How many workers there were.
        after: How many there are.
        keys: How many states of keys each has been dealt.
    """

    before: int
    after: int
    keys: tuple[int, ...]


def count_of(settings: Settings, flow: str) -> int | None:
    """Return for how many workers a flow's state is kept; None if there is none.

    Raises:
        StoreError: If the stores are not those of one number of workers.
    """
    folder = stores_of(settings, flow)
    counts = {_count(path.name) for path in folder.glob("*-of-*[0-9]")}
    if len(counts) > 1:
        text = f"there is state of {' and of '.join(map(str, sorted(counts)))} workers"
        raise StoreError(f"{folder}: {text}; `tapewatch rescale` was cut off: run it")
    return counts.pop() if counts else None


def rescale(settings: Settings, flow: str, count: int) -> Rescaled:
    """Deal a flow's state out to so many workers; none of it may be running.

    Raises:
        StoreError: If a store is missing, damaged, or in use.
        ConfigError: If the topics' partitions cannot be shared like that.
    """
    folder = stores_of(settings, flow)
    check(settings, flow, count)
    old = _found(folder)
    if old[0].name == Shard(0, count).name:
        for path in folder.glob(f"*{_ASIDE}"):
            shutil.rmtree(path)
        return Rescaled(count, count, ())
    with ExitStack() as held:
        states = [
            list(_read(held.enter_context(Store(path)), settings)) for path in old
        ]
        dealt = _deal(settings, flow, states, count)
        new = [folder / Shard(number, count).name for number in range(count)]
        for path, kept in zip(new, dealt, strict=True):
            _write(path.with_name(path.name + _BESIDE), kept)
        for path in old:
            if not path.name.endswith(_ASIDE):
                aside = path.with_name(path.name + _ASIDE)
                shutil.rmtree(aside, ignore_errors=True)
                path.rename(aside)
        for path in new:
            shutil.rmtree(path, ignore_errors=True)  # of a run that was cut off
            path.with_name(path.name + _BESIDE).rename(path)
        for path in folder.glob(f"*{_ASIDE}"):
            shutil.rmtree(path)
    keys = tuple(sum(each.key != _ALL for each in kept) for kept in dealt)
    return Rescaled(len(old), count, keys)


def check(settings: Settings, flow: str, count: int) -> None:
    """Refuse a number of workers that the topics' partitions cannot be shared by.

    Raises:
        ConfigError: Says which topic, and which numbers will do.
    """
    seen = outline(settings, flow)
    reader = consumer(settings.kafka, "tapewatch-rescale")
    counts = {each.name: len(partitions(reader, each.name)) for each in seen.reads}
    reader.close()
    fewest = min(counts.values()) if not seen.keeps else max(counts.values())
    together = seen.keeps or len(set(counts.values())) == 1
    if count > fewest:
        text = f"{flow} reads topics of {fewest} partitions"
        raise ConfigError(f"{text}: at most so many workers can share them")
    if not together and any(each % count for each in counts.values()):
        topics = ", ".join(f"{name} of {each}" for name, each in counts.items())
        text = f"{flow} joins {topics} partitions by key: the number of its workers"
        raise ConfigError(f"{text} must divide each of these, and {count} does not")


def _found(folder: Path) -> list[Path]:
    """Return the stores to read: a whole set of them, else what was set aside.

    Raises:
        StoreError: If there is none, or one of a set is missing.
    """
    plain = sorted(path.name for path in folder.glob("*-of-*[0-9]"))
    for count in {_count(name) for name in plain}:
        names = [Shard(number, count).name for number in range(count)]
        if set(names) <= set(plain):
            return [folder / name for name in names]
    aside = folder.glob(f"*{_ASIDE}")
    counts = {_count(path.name.removesuffix(_ASIDE)) for path in aside}
    counts = counts or {_count(name) for name in plain}
    if len(counts) != 1:
        text = "no state" if not counts else "state of several numbers of workers"
        raise StoreError(f"{folder}: {text} is there")
    found = []
    for name in (Shard(number, *counts).name for number in range(*counts)):
        path = folder / f"{name}{_ASIDE}"
        path = path if path.exists() else folder / name
        if not path.exists():
            raise StoreError(f"{path}: it is missing; all workers' state is needed")
        found.append(path)
    return found


def _count(name: str) -> int:
    return int(name.rpartition("-")[2])


def _read(store: Store, settings: Settings) -> Iterator[Kept]:
    """Yield what a worker would resume from, and undo what it had not committed."""
    (file,) = store.state.glob("*.sqlite3")
    with closing(sqlite3.connect(file)) as connection:
        resume = _resume_epoch(connection)
        rows = connection.execute(
            "select step_id, state_key, ser_change from snaps as mine"
            " where snap_epoch = (select max(snap_epoch) from snaps as all_"
            " where all_.step_id = mine.step_id and all_.state_key = mine.state_key"
            " and snap_epoch < ?) and ser_change is not null",
            (resume,),
        ).fetchall()
    writer = store.folder / "writer"
    number = 0
    name = writer.read_text() if writer.exists() else None
    for step, key, state in rows:
        if key == name:
            number = pickle.loads(state)
        else:
            yield Kept(step, key, state)
    if name is not None:
        undo(Path(settings.lake.path), name, number)


def _resume_epoch(connection: sqlite3.Connection) -> int:
    rows = connection.execute(
        "select min(worker_frontier) from fronts"
        " where ex_num = (select max(ex_num) from fronts)"
    ).fetchall()
    return rows[0][0] or 0


def _deal(
    settings: Settings, flow: str, states: Sequence[Sequence[Kept]], count: int
) -> list[list[Kept]]:
    topic = outline(settings, flow).reads[0].name
    reader = consumer(settings.kafka, "tapewatch-rescale")
    number = len(partitions(reader, topic))
    reader.close()
    dealt: list[list[Kept]] = [[] for _ in range(count)]
    whole: dict[str, list[Offsets]] = {}
    for kept in states:
        for each in kept:
            if each.key == _ALL:
                state = pickle.loads(each.state)
                whole.setdefault(each.step, []).append(state or {})
            else:
                hashed = murmur2(root(each.key).encode()) & _POSITIVE
                dealt[hashed % number % count].append(each)
    is_whole = all(kept for kept in states)
    for step, places in whole.items():
        reads = step.rpartition(".")[2].startswith("read_")
        if not reads and (not is_whole or {} in places):
            continue  # one of them had committed nothing: all is to be read back
        for shard in range(count):
            part = _joined(places, Shard(shard, count) if reads else None)
            dealt[shard].append(Kept(step, _ALL, pickle.dumps(part)))
    return dealt


def _joined(places: Sequence[Offsets], shard: Shard | None) -> Offsets:
    """Return the places of a shard's partitions, or the earliest of all."""
    joined: Offsets = {}
    for each in places:
        for place, offset in each.items():
            if shard is None or shard.takes(place[1]):
                joined[place] = min(offset, joined.get(place, offset))
    return joined


def _write(folder: Path, kept: Sequence[Kept]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    state = folder / "state"
    state.mkdir(parents=True)
    init_db_dir(state, 1)
    (file,) = state.glob("*.sqlite3")
    with closing(sqlite3.connect(file)) as connection, connection:
        if not kept:
            return
        connection.execute(
            "insert into exs (ex_num, worker_count, resume_epoch) values (0, 1, ?)",
            (_EPOCH,),
        )
        connection.execute(
            "insert into fronts (ex_num, worker_index, worker_frontier)"
            " values (0, 0, ?)",
            (_EPOCH + 1,),
        )
        connection.executemany(
            "insert into snaps (step_id, state_key, snap_epoch, ser_change)"
            " values (?, ?, ?, ?)",
            [(each.step, each.key, _EPOCH, each.state) for each in kept],
        )


def described(done: Rescaled) -> str:
    """Return in words what was done."""
    if not done.keys:
        return f"its state is for {done.after} workers already"
    keys: Any = ", ".join(f"{each:,}" for each in done.keys)
    return f"{done.before} -> {done.after} workers; states of keys: {keys}"
