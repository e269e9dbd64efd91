"""Every action is obeyed by the line that it speaks of, and by no other."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from config.settings import Connection, Line
from connectors.gate import Gate
from connectors.keeper import Keeper
from connectors.orderly import Orderly
from connectors.websocket import Session, Teller
from operators.records.book import Action, Command

BOUND_S = 30.0
CONNECTION = Connection(
    name="binance-0",
    venue="binance",
    symbols=("BTC-USDT", "ETH-USDT"),
    lines=(Line(name="a", url="ws://x/"), Line(name="b", url="ws://x/")),
)


class Told(Session):
    """A session that only remembers what it was told to say to the venue."""

    def __init__(self, line: str, may_answer: asyncio.Event | None = None) -> None:
        super().__init__(
            "ws://x/", Teller(CONNECTION, line, lambda _: None), Gate(60.0)
        )
        self.said: list[tuple[str, str]] = []
        self._may_answer = may_answer

    async def resync(self, symbol: str) -> None:
        """Remember it, once the venue has answered."""
        if self._may_answer is not None:
            await self._may_answer.wait()
        self.said.append(("resync", symbol))

    async def resubscribe(self, symbol: str) -> None:
        """Remember it."""
        self.said.append(("resubscribe", symbol))


class Moves(Keeper):
    """A keeper that only remembers how it was told to move."""

    def __init__(self, session: Session | None) -> None:
        super().__init__(CONNECTION, CONNECTION.lines[0], Gate(60.0), lambda _: None)
        self.session = session
        self.moved: list[str] = []

    def fail_over(self) -> None:
        """Remember it."""
        self.moved.append("fail over")

    def pause(self) -> None:
        """Remember it."""
        self.moved.append("pause")

    def resume(self) -> None:
        """Remember it."""
        self.moved.append("resume")


def command(action: Action, symbol: str | None = "BTC-USDT", **more: Any) -> Command:
    values = {"venue": "binance", **more}
    return Command(symbol=symbol, event_ns=1, action=action, reason="x", **values)


def of_line(action: Action, line: str, connection: str = "binance-0") -> Command:
    return command(action, None, connection=connection, line=line)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(BOUND_S):
        while not condition():
            await asyncio.sleep(0.001)


def obeyed(given: Command, line: str = "a") -> list[Any]:
    """Return what line a does, whose socket bears this name."""

    async def run() -> list[Any]:
        session = Told(line)
        keeper = Moves(session)
        orderly = Orderly([keeper])
        orderly.take(given)
        await orderly.catch_up()
        return [*session.said, *keeper.moved]

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("given", "done"),
    [
        (command(Action.RESYNC), [("resync", "BTC-USDT")]),
        (command(Action.RESUBSCRIBE), [("resubscribe", "BTC-USDT")]),
        (of_line(Action.FAIL_OVER, "a"), ["fail over"]),
        (of_line(Action.PAUSE, "a"), ["pause"]),
        (of_line(Action.RESUME, "a"), ["resume"]),
    ],
    ids=lambda each: str(each.action) if isinstance(each, Command) else "",
)
def test_each_action_is_obeyed(given, done):
    assert obeyed(given) == done


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize(
    "other",
    [
        {"symbol": "DOGE-USDT"},
        {"venue": "okx"},
        {"symbol": None},
        {"symbol": None, "connection": "binance-1", "line": "a"},
        {"symbol": None, "connection": "binance-0", "line": "b"},
    ],
    ids=["symbol", "venue", "nobody", "connection", "line"],
)
def test_what_is_for_others_is_left_to_them(action, other):
    assert obeyed(command(action, **other)) == []


def test_the_socket_that_has_taken_over_is_of_the_same_line():
    for action in (Action.FAIL_OVER, Action.PAUSE, Action.RESUME):
        assert obeyed(of_line(action, "a~"), line="a~") == [str(action)]


def test_a_socket_that_has_been_left_is_not_left_again():
    assert obeyed(of_line(Action.FAIL_OVER, "a"), line="a~") == []
    assert obeyed(of_line(Action.PAUSE, "a"), line="a~") == []
    assert obeyed(of_line(Action.RESUME, "a"), line="a~") == ["resume"]


def test_a_venue_that_does_not_answer_holds_up_no_move_and_is_not_asked_twice():
    async def run() -> None:
        may_answer = asyncio.Event()
        session = Told("a", may_answer)
        keeper = Moves(session)
        orderly = Orderly([keeper])
        running = asyncio.create_task(orderly.run())
        for symbol in ("BTC-USDT", "ETH-USDT"):
            orderly.take(command(Action.RESYNC, symbol))
        await asyncio.sleep(0)  # the first is being asked for
        for symbol in ("ETH-USDT", "ETH-USDT"):
            orderly.take(command(Action.RESYNC, symbol))
        orderly.take(of_line(Action.PAUSE, "a"))
        assert (session.said, keeper.moved) == ([], ["pause"])
        may_answer.set()
        await until(lambda: len(session.said) == 2)
        assert session.said == [("resync", "BTC-USDT"), ("resync", "ETH-USDT")]
        orderly.take(command(Action.RESYNC, "ETH-USDT"))
        await until(lambda: len(session.said) == 3)
        running.cancel()

    asyncio.run(run())


def test_a_book_is_not_subscribed_to_anew_on_both_lines_at_once():
    """Else there would be no line left that brings it meanwhile."""

    async def run() -> None:
        may_answer = asyncio.Event()
        first, second = Told("a", may_answer), Told("b")
        orderly = Orderly([Moves(first), Moves(second)])
        running = asyncio.create_task(orderly.run())
        orderly.take(command(Action.RESYNC))
        for _ in range(20):
            await asyncio.sleep(0)
        assert (first.said, second.said) == ([], [])
        may_answer.set()
        await until(lambda: second.said)
        assert first.said == second.said == [("resync", "BTC-USDT")]
        running.cancel()

    asyncio.run(run())


def test_what_is_for_a_line_without_a_socket_is_dropped():
    async def run() -> None:
        orderly = Orderly([Moves(None)])
        orderly.take(command(Action.RESYNC))
        await orderly.catch_up()

    asyncio.run(run())
