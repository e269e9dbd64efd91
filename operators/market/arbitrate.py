"""Lines of a symbol -> its one stream: each record once, and in order.

What one line brings twice or in a falling order is told apart from what two bring.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from operators.market.flaws import Pending, due, follows_not, rest
from operators.market.heard import Heard, Moved
from operators.market.lone import Lone
from operators.market.redriven import is_redriven
from operators.market.sequenced import Sequenced
from operators.market.share import Share
from operators.records.market import (
    BookDelta,
    BookSnapshot,
    Flaw,
    FlawKind,
    Gap,
    Heartbeat,
    Mark,
    MarketEvent,
    Tally,
    Top,
    Trade,
)
from operators.records.time import MS, SECOND

_RECENT = 512


class ArbitrateParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of :class:`Arbitrate`.

    Attributes:
        hold_ms: How long a record waits for what lies before it, while another line
            that is open brings nothing [ms].
        patience_ms: How long it waits while another line is behind, but moves [ms].
        tally_s: How often a line is accounted for [s].
        settle_ms: How long after a line has opened its repetitions are no flaws: some
            venues begin with what was before [ms].
    """

    hold_ms: Annotated[int, msgspec.Meta(ge=0)] = 300
    patience_ms: Annotated[int, msgspec.Meta(ge=0)] = 10_000
    tally_s: Annotated[int, msgspec.Meta(ge=1)] = 10
    settle_ms: Annotated[int, msgspec.Meta(ge=0)] = 2_000


class ArbitrateState(msgspec.Struct):
    """What :class:`Arbitrate` remembers of one symbol.

    Attributes:
        key: ``venue:symbol``, once known.
        lines: Every line that has brought something.
        lines_open: How many of them are open.
        trades: Numbered trades.
        deltas: Numbered deltas of the book.
        book: The book that is not numbered, kept up by one line at a time.
        recent: Ids of the newest trades that are not numbered, oldest first, and which
            lines have brought them since they opened.
        top: The newest number of a quote, or its time where it has none.
        marks: The newest time of a mark, by what it speaks of.
        beat_ns: The newest heartbeat.
    """

    key: str = ""
    lines: dict[str, Share] = msgspec.field(default_factory=dict)
    lines_open: int = 0
    trades: Sequenced[Trade] = msgspec.field(default_factory=Sequenced)
    deltas: Sequenced[BookDelta] = msgspec.field(default_factory=Sequenced)
    book: Lone = msgspec.field(default_factory=Lone)
    recent: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    top: int = -1
    marks: dict[str, int] = msgspec.field(default_factory=dict)
    beat_ns: int = -1


class Arbitrate:
    """Merge the lines of one symbol.

    Numbered trades and deltas are merged by :class:`Sequenced`. A book that the venue
    does not number is taken from one line at a time (:class:`Lone`). Quotes, marks and
    heartbeats are states, not events: the newest counts, an older one is stale. Trades
    without numbers are told apart by their ids. A trade that had been given up, and
    that a line brings after all, is passed on late rather than lost. What is driven
    again is no line that others wait for: of it, those trades are passed on that are
    not known to have been.

    In:  Heard and Moved, one symbol, in order of arrival.
    Out: MarketEvent, in the venue's order but for trades that come too late for it;
        Flaw among them, where a line repeats itself or falls behind itself; Tally, so
        that all of it is accounted for.
    """

    def __init__(self, params: ArbitrateParams) -> None:
        self._hold_ns = params.hold_ms * MS
        self._patience_ns = params.patience_ms * MS
        self._tally_ns = params.tally_s * SECOND
        self._settle_ns = params.settle_ms * MS
        self.state = ArbitrateState()

    def update(self, heard: Iterable[Heard | Moved]) -> Iterator[MarketEvent | Tally]:
        """Take in what the lines bring; yield what is new."""
        state, lines = self.state, self.state.lines
        for each in heard:
            if isinstance(each, Moved):
                yield from self._move(each)
                continue
            line, event = each.line, each.event
            share = lines.get(line)
            if share is None or not share.is_open:
                if is_redriven(line):
                    yield from self._again(each)
                    continue
                share = self._joins(each)
            if type(event) is Top:
                number = event.event_ns if event.sequence is None else event.sequence
                if number <= share.top:
                    yield from self._fall(line, event, share, number)
                if number > state.top or number < share.top:
                    state.top = number
                    share.taken += 1
                    yield event
                else:
                    share.pass_over(number == state.top)
                share.top = number
            elif type(event) is Trade:
                yield from self._trade(line, event, share)
            elif type(event) is BookDelta:
                yield from self._delta(line, event, share)
            else:
                yield from self._other(line, event, share)

    def close(self) -> Iterator[MarketEvent | Tally]:
        """Say what is still held, and account for what came since the last tally."""
        state = self.state
        yield from self._due(2**63)
        yield from self._tallies(state.beat_ns)
        for line, share in state.lines.items():
            yield from rest(share.flaws, state.key, line)

    def _joins(self, heard: Heard) -> Share:
        """Take a line for open that brings something of itself."""
        event = heard.event
        if type(event) is BookSnapshot and event.fetched:
            return self._aside(heard)
        self.state.key = heard.key
        return self._open(heard.line, event.received_ns)

    def _open(self, line: str, now_ns: int) -> Share:
        share = self.state.lines.setdefault(line, Share())
        share.is_open = True
        share.calm_ns = now_ns + self._settle_ns
        self.state.lines_open = sum(each.is_open for each in self.state.lines.values())
        return share

    def _aside(self, heard: Heard) -> Share:
        """Note a line that only fetches: no stream of records is waited for on it."""
        self.state.key = heard.key
        return self.state.lines.setdefault(heard.line, Share(is_open=False))

    def _move(self, moved: Moved) -> Iterator[MarketEvent]:
        state = self.state
        share = self._open(moved.line, moved.received_ns)
        yield from rest(share.flaws, moved.key, moved.line)
        share.begin(moved.is_open)
        self._forget(moved.line)
        state.lines_open = sum(each.is_open for each in state.lines.values())
        state.trades.leave(moved.line)
        state.deltas.leave(moved.line)
        yield from state.book.move(moved)
        yield from self._due(moved.received_ns)

    def _trade(self, line: str, trade: Trade, share: Share) -> Iterator[MarketEvent]:
        number, state = trade.sequence, self.state
        if number is None:
            lines = state.recent.get(trade.trade_id)
            if lines is None:
                self._remember(trade, line)
                share.taken += 1
                yield trade
                return
            share.repeated += 1
            if line in lines:
                yield from self._flaw(FlawKind.DUPLICATE, line, trade, share)
            else:
                state.recent[trade.trade_id] = (*lines, line)
            return
        if number == share.trades.newest + 1:
            share.trades.newest = number
        elif kind := share.trades.moves(number, number - 1):
            yield from self._flaw(kind, line, trade, share)
        trades = state.trades
        if trades.repeats(number):
            trades.note(line, number, trade.received_ns)
            if trades.holes and trades.is_missing(number):
                trades.fills(line, trade, number)
                share.taken += 1
                yield trade
            else:
                share.repeated += 1
        else:
            share.taken += 1
            if trades.takes(line, trade, number, number - 1):
                yield trade
        if trades.held:
            yield from self._due(trade.received_ns)

    def _remember(self, trade: Trade, line: str) -> None:
        recent = self.state.recent
        recent[trade.trade_id] = (line,)
        if len(recent) > _RECENT:
            del recent[next(iter(recent))]

    def _forget(self, line: str) -> None:
        """Let a line bring once more what it has brought."""
        recent = self.state.recent
        for trade_id, lines in recent.items():
            if line in lines:
                recent[trade_id] = tuple(each for each in lines if each != line)

    def _fall(
        self, line: str, top: Top, share: Share, number: int
    ) -> Iterator[MarketEvent]:
        """Take in a quote that is not newer than the last of its line.

        Quotes that are not numbered may well be of one moment.
        """
        if number < share.top:
            yield from self._flaw(FlawKind.OUT_OF_ORDER, line, top, share)
        elif top.sequence is not None:
            yield from self._flaw(FlawKind.DUPLICATE, line, top, share)

    def _flaw(
        self, kind: FlawKind, line: str, event: MarketEvent, share: Share
    ) -> Iterator[Flaw]:
        if event.received_ns < share.calm_ns:
            return
        at_ns = max(event.event_ns, self.state.beat_ns)
        share.flaws.setdefault(kind, Pending()).add(at_ns, event.received_ns)
        yield from due(share.flaws, self.state.key, line, event.received_ns)

    def _again(self, heard: Heard) -> Iterator[Trade]:
        """Take in what is driven again: a trade that is missing, and nothing else.

        A quote, a mark or a book that comes so late has been overtaken.
        """
        share, trade, trades = self._aside(heard), heard.event, self.state.trades
        if type(trade) is not Trade:
            share.stale += 1
            return
        number = trade.sequence
        is_known = number is not None and not trades.lacks(number)
        if is_known or trade.trade_id in self.state.recent:
            share.repeated += 1
            return
        self._remember(trade, heard.line)
        share.taken += 1
        if number is None or trades.fills(heard.line, trade, number):
            yield trade

    def _delta(
        self, line: str, delta: BookDelta, share: Share
    ) -> Iterator[MarketEvent]:
        number, deltas = delta.sequence, self.state.deltas
        if number is None:
            if kind := follows_not(delta, share.delta):
                yield from self._flaw(kind, line, delta, share)
            else:
                share.delta = delta
            passed = list(self.state.book.delta(line, delta, self._hold_ns))
            share.taken += bool(passed)
            share.repeated += not passed
            yield from passed
            return
        previous = -1 if delta.previous is None else delta.previous
        if previous == share.deltas.newest:
            share.deltas.newest = number
        elif kind := share.deltas.moves(number, previous):
            yield from self._flaw(kind, line, delta, share)
        if number < previous == deltas.last:
            deltas.restart(
                line, number, delta.received_ns
            )  # it counts anew, and says so
            share.taken += 1
            yield delta
        elif deltas.repeats(number):
            deltas.note(line, number, delta.received_ns)
            share.repeated += 1
        else:
            share.taken += 1
            if deltas.takes(line, delta, number, previous):
                yield delta
        if deltas.held:
            yield from self._due(delta.received_ns)

    def _other(
        self, line: str, event: MarketEvent, share: Share
    ) -> Iterator[MarketEvent | Tally]:
        state = self.state
        if type(event) is Heartbeat:
            yield from self._due(event.received_ns)
            if share.flaws:
                yield from due(share.flaws, state.key, line, event.received_ns)
            if event.event_ns <= state.beat_ns:
                return
            before_ns, state.beat_ns = state.beat_ns, event.event_ns
            yield event
            if event.event_ns // self._tally_ns > before_ns // self._tally_ns >= 0:
                yield from self._tallies(event.event_ns)
        elif type(event) is Mark:
            about, at_ns = _about(event), event.event_ns
            newest_ns = state.marks.get(about, -1)
            if at_ns > newest_ns:
                state.marks[about] = at_ns
                share.taken += 1
                yield event
            else:
                share.pass_over(at_ns == newest_ns)
        elif type(event) is BookSnapshot:
            yield from self._snapshot(line, event, share)
        elif type(event) is Gap:
            yield from state.book.gap(line, event)

    def _snapshot(
        self, line: str, snapshot: BookSnapshot, share: Share
    ) -> Iterator[MarketEvent]:
        """Pass a snapshot on, unless the line does not keep up the book.

        The numbers of a line that stays open never fall: where one does, the venue has
        begun to count anew.
        """
        number, deltas = snapshot.sequence, self.state.deltas
        if number is None:
            passed = list(self.state.book.snapshot(line, snapshot))
            share.taken += bool(passed)
            share.repeated += not passed
            yield from passed
            return
        share.taken += 1
        if not snapshot.fetched:
            share.begin_book()
            if number < deltas.at.get(line, -1):
                yield Gap(
                    **snapshot.stamp,
                    received_ns=snapshot.received_ns,
                    last=deltas.last,
                    next=number,
                    reason="restart",
                )
                deltas.restart(line, number, snapshot.received_ns)
            elif deltas.last is None or self.state.lines_open == 1:
                newest = max(number, deltas.last or -1)
                deltas.restart(line, newest, snapshot.received_ns)
            deltas.note(line, number, snapshot.received_ns)
        yield snapshot
        yield from self._due(snapshot.received_ns)

    def _due(self, now_ns: int) -> Iterator[MarketEvent]:
        """Yield what waits no longer; before a delta, the gap that it leaves."""
        state = self.state
        limits = (self._hold_ns, self._patience_ns, state.lines_open)
        if state.trades.held:
            for held_trade, last in state.trades.due(now_ns, *limits):
                if last is not None:
                    state.trades.pass_over(last + 1, held_trade.previous)
                yield held_trade.event
        if state.deltas.held:
            for held, last in state.deltas.due(now_ns, *limits):
                if last is not None:
                    yield Gap(
                        **held.event.stamp,
                        received_ns=held.event.received_ns,
                        last=last,
                        next=held.previous,
                        reason="sequence",
                    )
                yield held.event

    def _tallies(self, at_ns: int) -> Iterator[Tally]:
        for line, share in self.state.lines.items():
            yield from share.tallied(self.state.key, line, at_ns)


def _about(mark: Mark) -> str:
    """Return what a mark speaks of: venues send parts of it, each with its clock."""
    return "".join(
        "-" if each is None else "x"
        for each in (mark.mark, mark.index, mark.funding_rate, mark.open_interest)
    )
