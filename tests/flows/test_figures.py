"""States that pass become figures: by the newest of each key, and nothing else."""

import pytest

from flows.metrics import FlowMetrics
from flows.tap import Tap
from operators.records.time import SECOND
from tests.flows.standing_rows import everything, score

NOW_NS = 1_700_000_000 * SECOND


@pytest.fixture
def figures() -> dict[str, float]:
    tap = Tap()
    for record in everything(NOW_NS):
        tap([record])
    return shown(tap)


def shown(tap: Tap) -> dict[str, float]:
    return {
        "/".join((sample.name.removeprefix("tapewatch_"), *sample.labels.values())): (
            sample.value
        )
        for family in FlowMetrics("any", [], tap).collect()
        for sample in family.samples
    }


def test_scores_say_which_issues_are_open_and_which_books_are_wrong(figures):
    assert figures["open_issues/critical"] == 1
    assert figures["open_issues/high"] == 0
    assert figures["symbols"] == figures["symbols_active"] == figures["books"] == 2
    assert figures["symbols_tradable"] == figures["books_not_right"] == 1
    assert figures["quality_score_min"] == 40
    assert figures["quality_score_mean"] == pytest.approx(69.75)


def test_connections_are_counted_by_level_and_lines_shown_each(figures):
    levels = {level: figures[f"connections/{level}"] for level in ("green", "red")}
    assert levels == {"green": 0, "red": 1}
    assert figures["line_level/binance/binance-0/"] == 2
    assert figures["line_level/binance/binance-0/a"] == 0
    assert figures["feed_delay_seconds/binance/binance-0/a"] == 0.0125
    assert figures["line_rate/binance/binance-0/b"] == 120
    assert "network_seconds/binance/binance-0/a" not in figures  # not known: absent


def test_what_was_said_is_counted_by_what_it_is(figures):
    assert figures["commands_total/resync"] == 1
    assert figures["healings_total/ordered/resync"] == 1
    assert figures["alerts_total/firing/critical"] == 1
    assert figures["quality_issues_total/crossed book/critical/open"] == 1
    assert figures["quality_issues_total/stale/high/close"] == 1
    assert figures["system_score/"] == 41


def test_no_figure_is_labelled_by_symbol(figures):
    assert not [name for name in figures if "ETH" in name or "BTC" in name]


def test_a_state_that_mends_is_shown_mended():
    tap = Tap()
    for record in (*everything(NOW_NS), score(NOW_NS + SECOND, "ETH-USDT", 98.5)):
        tap([record])

    figures = shown(tap)

    assert figures["open_issues/critical"] == figures["books_not_right"] == 0
    assert figures["quality_score_min"] == 98.5
