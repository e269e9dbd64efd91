"""Every decoder that faces the network, and what feeds on it: one line each.

A target takes any bytes. It raises only if the law is broken: whatever the input, what
comes out is a sound record or a named refusal, in time and in memory that are bounded.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, NamedTuple

from connectors.exchange.protocols import PROTOCOLS
from connectors.venues import VENUES
from operators.records import topics
from tests.fuzz import exchanges, markets, readers, sockets
from tests.fuzz.corpus import KNOWN, Entry, entries

_RECORDINGS: Final = (".jsonl", ".jsonl.gz", ".jsonl.zst")


def _plain(raw: bytes) -> bytes:
    return raw


class Target(NamedTuple):
    """One thing that is fuzzed.

    Attributes:
        name: Its name.
        run: Takes an input; raises if the law is broken.
        folders: Where its seeds are, in the corpus.
        share: How many of 1,000 inputs it gets, roughly.
        made: What turns a text of the corpus, or a mutation of it, into an input.
        blind: Whether what comes of ``made`` is mutated, and not the text; entries of
            the further folders are inputs as they are.
    """

    name: str
    run: Callable[[bytes], None]
    folders: tuple[str, ...]
    share: float
    made: Callable[[bytes], bytes] = _plain
    blind: bool = False

    def entries(self) -> list[Entry]:
        """Return its seeds; those of another form are turned into its own."""
        return [
            entry._replace(raw=self.made(entry.raw))
            if self.blind and entry.name.startswith(f"{self.folders[0]}/")
            else entry
            for entry in entries(self.folders)
        ]

    def knows(self) -> list[Entry]:
        """Return those inputs that are known to break the law."""
        return [entry for entry in self.inputs() if KNOWN in entry.name]

    def inputs(self) -> list[Entry]:
        """Return what its seeds are to it, as inputs."""
        return [
            entry if self.blind else entry._replace(raw=self.made(entry.raw))
            for entry in self.entries()
        ]


def _venues() -> Iterator[Target]:
    for venue in VENUES:
        folders = (f"frames-{venue}", "frames-any")
        yield Target(f"venue-{venue}", markets.parsed(venue), folders, 65)
        yield Target(f"market-{venue}", markets.merged(venue), (f"tape-{venue}",), 1.5)
        name = f"instruments-{venue}"
        yield Target(name, readers.instruments(venue), (name,), 8)


def _files() -> Iterator[Target]:
    for topic in topics.ALL:
        name = f"topic-{topic.name}"
        yield Target(name, readers.topic(topic), (name,), 12)
    for suffix in _RECORDINGS:
        run, made = readers.recording(suffix), partial(readers.packed, suffix=suffix)
        yield Target(f"recording{suffix}", run, ("recording",), 3, made)
        if made(b"") != b"":
            name = f"broken{suffix}"
            yield Target(name, run, ("recording", name), 3, made, blind=True)
    yield Target("settings", readers.settings, ("settings",), 0.5)
    yield Target("faults", readers.faults, ("faults",), 0.5)


def _exchanges() -> Iterator[Target]:
    for venue in PROTOCOLS:
        talk, ask = f"talk-{venue}", f"ask-{venue}"
        yield Target(talk, exchanges.talked(venue), (talk,), 5)
        yield Target(ask, exchanges.asked(venue), (ask, f"frames-{venue}"), 5)


def _sockets() -> Iterator[Target]:
    yield Target("socket", sockets.lived, ("socket",), 0.5)
    yield Target("fetch", sockets.fetched, ("fetch",), 0.2)
    yield Target("retry-after", sockets.waited, ("retry-after",), 1)


def _all() -> Iterator[Target]:
    yield from (*_venues(), *_files(), *_exchanges(), *_sockets())


TARGETS: Final = {target.name: target for target in _all()}
"""Every target, by name."""


def named(names: Iterable[str]) -> list[Target]:
    """Return the targets whose names begin with one of these; all, if there are none.

    Raises:
        KeyError: If a name is that of no target.
    """
    found: dict[str, Target] = {}
    for name in names:
        those = {each: TARGETS[each] for each in TARGETS if each.startswith(name)}
        if not those:
            raise KeyError(name)
        found |= those
    return list((found or TARGETS).values())
