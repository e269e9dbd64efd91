"""Every venue obeys the laws that are the same for all of them."""

from importlib import import_module
from typing import Final

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.settings import Symbol
from connectors.venues import VENUES
from operators.records.base import UNREADABLE, NotARecordError
from tests.connectors.venues.captured import altered, bent
from tests.connectors.venues.laws import Known

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))
APART: Final = frozenset(
    {
        *("binance", "binance_usdm", "binance_coinm"),
        *("bybit_spot", "bybit_linear", "okx"),
    }
)
"""Whose tests try more than these laws, on markets of one wire or in other forms."""

KNOWN: Final[dict[str, Known]] = {
    name: import_module(f"tests.connectors.venues.test_{name}").KNOWN
    for name in sorted(VENUES.keys() - APART)
}
venues = pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)


def check_told(known: Known, sample: str, text: str) -> None:
    try:
        told = known.told(sample, text)
    except UNREADABLE:
        return
    assert told.ignored or told.events


@venues
def test_enough_is_known_of_a_venue(known: Known) -> None:
    assert KNOWN[known.venue.VENUE] is known
    assert all((known.samples, known.names, known.refused, known.mistakes))


@venues
@CALM
@given(st.data())
def test_a_bent_frame_is_read_or_refused(known: Known, data: st.DataObject) -> None:
    check_told(known, *data.draw(bent([*known.samples, *known.fetched])))


@venues
@CALM
@given(st.data())
def test_a_frame_with_another_value_somewhere_is_read_or_refused(
    known: Known, data: st.DataObject
) -> None:
    check_told(known, *data.draw(altered([*known.samples, *known.fetched])))


@pytest.mark.parametrize(
    ("known", "raw", "old", "new", "told"),
    [
        pytest.param(known, *mistake, id=f"{name}-{number}")
        for name, known in KNOWN.items()
        for number, mistake in enumerate(known.mistakes)
    ],
)
def test_a_mistake_is_named(
    known: Known, raw: str, old: str, new: str, told: str
) -> None:
    assert old in raw
    with pytest.raises(UNREADABLE, match=told):
        known.read(raw.replace(old, new, 1))


@venues
def test_names_go_both_ways_and_settings_take_them(known: Known) -> None:
    for theirs, ours in known.names:
        assert known.venue.canonical(theirs) == ours
        assert known.venue.native(ours) == theirs
        assert msgspec.convert(ours, Symbol) == ours


@venues
def test_what_has_no_name_is_refused(known: Known) -> None:
    for theirs in known.refused:
        with pytest.raises(NotARecordError, match="unknown symbol"):
            known.venue.canonical(theirs)


@venues
def test_a_book_is_had_anew_in_exactly_one_way(known: Known) -> None:
    for _, ours in known.names:
        is_fetched = known.venue.snapshot_path(ours) is not None
        assert is_fetched == (known.venue.resync(ours) == [])


@venues
def test_what_says_something_does_not_look_idle(known: Known) -> None:
    for sample in (*known.samples, *known.fetched):
        told = known.told(sample, sample)
        looks_idle = any(each in sample for each in known.venue.IDLE)
        assert not looks_idle or told.ignored == "heartbeat"
