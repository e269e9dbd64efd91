"""The crash test: everything is killed -9, again and again, and nothing is amiss.

The real broker, the simulated exchange with its mild script repeated, ingest as two
processes of a line each, and every flow of the catalogue. At random moments, 0.2 to 2 s
apart, one of them is killed, now and then two at once, and some while they are still
starting. Each is started again at once.

Afterwards every message that the exchange says it sent is in ``frames.v1`` on at least
one line, and the lake equals, row for row, the one that an undisturbed replay makes of
those very frames.

Never both ingests: what nobody receives nobody can keep. An ingest is killed only while
the other has been receiving on every connection since before the newest frame of the
victim that Kafka has, and not if the script is about to disconnect somebody before the
victim can be back (see :class:`tests.crash.watch.Watch`). Where that could not be
foreseen, the account says when the exchange had nobody to send to.
"""

import time
from typing import Final

from tests.crash.account import Account, account, export
from tests.crash.run import Killer, Say, Site, Wish
from tests.crash.watch import Watch

_BOUND_S: Final = 180.0
_LOOK_S: Final = 0.1


def run(wish: Wish, say: Say) -> Account:
    """Do it all; return what came of it."""
    site = Site(wish)
    try:
        watch = site.start()
        say("waiting until every line receives")
        since_ns = _settled(watch, 0)
        killer = Killer(wish, site.power, site.processes, watch)
        killer.run(say)
        say("waiting until everything is back")
        _settled(watch, time.time_ns())
        watch.close()
        site.stop_inflow()
        site.drain()
        site.stop_flows()
        recording = wish.folder / "frames.jsonl"
        export(site.settings, recording)
    finally:
        site.close()
    say("replaying what Kafka has of it")
    endings = [text for each in site.processes.values() for text in each.endings]
    return account(site.settings, recording, since_ns, killer.kills, endings)


def _settled(watch: Watch, after_ns: int) -> int:
    """Wait until every line receives, and Kafka has it; return since when [ns UTC]."""
    deadline_s = time.monotonic() + _BOUND_S
    while True:
        watch.look(_LOOK_S)
        settled_ns = watch.settled_ns
        if settled_ns is not None and watch.newest_ns > max(after_ns, settled_ns):
            return settled_ns
        assert time.monotonic() < deadline_s, "the lines do not all receive"
