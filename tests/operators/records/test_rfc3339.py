"""Times are read to the nanosecond; what is no time is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.records.base import NotARecordError
from operators.records.rfc3339 import ns_of
from operators.records.time import SECOND, US


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("2023-06-23T20:31:26.122969572Z", 1_687_552_286_122_969_572),
        ("2023-06-23T20:31:26.12Z", 1_687_552_286_120_000_000),
        ("2023-06-23T20:31:26.1229695729999Z", 1_687_552_286_122_969_572),
        ("2023-06-23t20:31:26z", 1_687_552_286_000_000_000),
        ("2023-06-23 20:31:26+00:00", 1_687_552_286_000_000_000),
        ("2023-06-23T22:01:26.5+01:30", 1_687_552_286_500_000_000),
        ("2023-06-23T19:01:26.5-01:30", 1_687_552_286_500_000_000),
        ("2024-02-29T23:59:59.999999999Z", 1_709_251_199_999_999_999),
    ],
)
def test_a_time_is_read_exactly(text: str, time_ns: int) -> None:
    assert ns_of(text) == time_ns


@pytest.mark.parametrize(
    "text",
    [
        *("", "Z", "now", "2023-06-23", "2023-06-23T20:31:26", "2023-06-23T20:31Z"),
        *(
            "2023-06-23T20:31:26.Z",
            "2023-06-23T20:31:26.-1Z",
            "2023-06-23T20:31:26.1_0Z",
        ),
        *("2023-02-30T20:31:26.1Z", "2023-06-23T24:00:00.1Z", "2023-06-23T20:31:26.²Z"),
        *("1969-12-31T23:59:59.9Z", "2262-01-01T00:00:00.1Z", "٢023-06-23T20:31:26.1Z"),
        *("2023-06-23T20:31:26.1+0100", "2023-06-23T20:31:26.1Z\n", "9" * 999),
    ],
)
def test_what_is_no_time_is_named(text: str) -> None:
    with pytest.raises(NotARecordError, match="no RFC 3339 time `"):
        ns_of(text)


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2261, 12, 31)),  # noqa: DTZ001
    st.integers(-1_439, 1_439),
)
def test_the_standard_library_agrees_in_every_zone(
    naive: datetime, minutes: int
) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    whole_ns = (since.days * 86_400 + since.seconds) * SECOND
    assert ns_of(moment.isoformat()) == whole_ns + since.microseconds * US


@given(st.text())
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        assert isinstance(ns_of(text), int)
    except NotARecordError as error:
        assert "`" in str(error)  # noqa: PT017 - either outcome is right
