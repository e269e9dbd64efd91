"""A silence is judged by what is normal for the symbol, in the venue's time."""

from hypothesis import given
from hypothesis import strategies as st

from operators.market.stale import Stale, StaleParams
from operators.records.book import Action, Command
from operators.records.market import Heartbeat, MarketEvent, Top
from operators.records.time import SECOND

T0_NS = 1_700_000_000 * SECOND
PLACE = {"venue": "binance", "symbol": "BTC-USDT"}


def top(at_s: float) -> Top:
    at_ns = T0_NS + int(at_s * SECOND)
    return Top(
        **PLACE,
        event_ns=at_ns,
        received_ns=at_ns,
        bid=1.0,
        bid_quantity=1.0,
        ask=2.0,
        ask_quantity=1.0,
    )


def beats(start_s: int, end_s: int) -> list[MarketEvent]:
    times = [T0_NS + at_s * SECOND for at_s in range(start_s, end_s)]
    return [Heartbeat(**PLACE, event_ns=at_ns, received_ns=at_ns) for at_ns in times]


def run(events: list[MarketEvent]) -> list[Command]:
    return list(Stale(StaleParams()).update(events))


def seconds(commands: list[Command]) -> list[int]:
    return [(command.event_ns - T0_NS) // SECOND for command in commands]


def test_a_busy_symbol_is_stale_after_thirty_seconds_and_asked_for_again_as_late():
    commands = run([top(0), top(1), *beats(2, 100)])

    assert seconds(commands) == [31, 61, 91]
    assert {command.action for command in commands} == {Action.RESUBSCRIBE}
    assert commands[0].reason == "silent for 30 s, normally 1.0 s"


def test_a_quiet_symbol_is_given_ten_times_its_own_normal():
    commands = run([top(0), top(60), *beats(61, 700)])

    assert seconds(commands) == [660]


def test_data_ends_the_silence():
    assert run([top(0), top(1), *beats(2, 25), top(25), *beats(26, 55)]) == []


@given(st.integers(0, 1), st.integers(0, 10_000))
def test_a_symbol_without_a_normal_is_left_alone(records, silence_s):
    assert run([top(0)][:records] + beats(silence_s, silence_s + 5)) == []
