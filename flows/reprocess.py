"""Compute history again, beside live, into a lake of its own."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from config.load import ConfigError
from config.settings import Settings
from flows import account, past
from flows.account import Account
from flows.moment import spoken
from flows.outline import fed
from flows.past import Wish
from flows.replay import Course, Progress, check, made, run
from operators.records import topics
from operators.records.time import SECOND
from operators.records.topics import Topic
from sinks.lake import EMPTY

_TOPICS: Final = {
    each.name.rpartition(".")[0]: each for each in (topics.FRAMES, topics.MARKET)
}
_WRITER: Final = "reprocess"


class Reprocessed(NamedTuple):
    """What was done.

    Attributes:
        account: What the lake says of itself.
        past_s: How much of the past was read [s].
    """

    account: Account
    past_s: float

    @property
    def speed(self) -> float:
        """Times real time."""
        return self.past_s / max(self.account.seconds, 1e-9)


def reprocess(
    settings: Settings,
    wish: Wish,
    *,
    say: Callable[[str], None] = lambda text: None,
    progress: Progress = lambda position, size: None,
) -> Reprocessed:
    """Compute history again.

    Live is not disturbed: what is read is read by a consumer that commits nothing, or
    from files; what is written is a lake of its own.

    Args:
        settings: The whole tree.
        wish: What to compute again.
        say: Told from where it is read, and why.
        progress: Told now and then how much of how much has been read.

    Raises:
        ConfigError: If that cannot be asked for, or the lake is one of something else.
        KafkaError: If it is to be read from Kafka, and cannot.
    """
    topic = _topic(wish.topic)
    wish = wish._replace(flows=wish.flows or fed(settings, topic))
    check(wish.flows)
    tables = tuple(made(settings, wish.flows, topic))
    _check_apart(settings, wish)
    with past.opened(settings, wish, topic) as opened:
        before = Account(
            from_ns=wish.span.from_ns,
            to_ns=wish.span.to_ns,
            topic=topic.name,
            source=opened.name,
            why=opened.why,
            flows=wish.flows,
            tables=tables,
            warm_up_s=wish.warm_up_s,
            code=account.code(),
            settings=account.settings_hash(settings),
        )
        _check_own(wish.into, before)
        say(f"from {opened.name}: {opened.why}")
        account.write(wish.into, before)
        course = Course(wish.into, topic, wish.flows, writer=_WRITER, kept=wish.span)
        start_s, now_ns = time.monotonic(), time.time_ns()
        seen = run(settings, opened.history, course, progress)
        whole = past.whole(settings, wish, opened, now_ns)
    done = msgspec.structs.replace(
        before,
        done=True,
        whole_from_ns=whole.from_ns,
        whole_to_ns=whole.to_ns,
        records=seen.records,
        cold=len(seen.cold),
        seconds=round(time.monotonic() - start_s, 3),
    )
    account.write(wish.into, done)
    first_ns, last_ns = seen.span
    past_s = ((last_ns or 0) - (first_ns or 0)) / SECOND
    return Reprocessed(done, past_s)


def _check_apart(settings: Settings, wish: Wish) -> None:
    into = wish.into.resolve()
    for lake in {
        Path(settings.lake.path).resolve(),
        past.lake_of(settings, wish).resolve(),
    }:
        if into == lake or lake in into.parents or into in lake.parents:
            raise ConfigError(
                f"--into {wish.into}: Expected a lake of its own, not {lake}, which is"
                " live or read from; `tapewatch promote` shows there what was computed"
            )


def _check_own(into: Path, now: Account) -> None:
    """Check that a lake is new, or one of the same history, which is made anew."""
    rows = (path for path in into.glob("*/*/seg=*/*") if path.name != EMPTY)
    before = account.read(into)
    if before is None and next(rows, None) is not None:
        raise ConfigError(f"--into {into}: a lake of something else; name a new folder")
    if before is not None and not before.is_same(now):
        raise ConfigError(
            f"--into {into}: has {', '.join(before.flows)} from {before.topic},"
            f" {spoken(before.asked)}, warm-up {before.warm_up_s:g} s, already;"
            " name a new folder"
        )


def _topic(name: str) -> Topic[Any]:
    short = name.removesuffix(".v1")
    if short not in _TOPICS:
        known = " or ".join(_TOPICS)
        raise ConfigError(f"--topic: Expected {known}, not `{name}`")
    return _TOPICS[short]
