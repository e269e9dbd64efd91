"""A failover is counted when another flows, from when the one before it stopped."""

from operators.records.connection import LineEvent
from operators.records.time import SECOND


def fails_over(story, start_s, line="a"):
    """Fall silent, leave for another address, which does not answer, then a third."""
    story.at(start_s, line, event=LineEvent.SILENT, silence_ns=2 * SECOND)
    story.at(start_s + 0.01, line, event=LineEvent.FAILED_OVER)
    story.at(start_s + 0.02, line, event=LineEvent.CLOSED)
    story.at(start_s + 0.03, line, event=LineEvent.CONNECTING)
    story.at(start_s + 0.3, line, event=LineEvent.FAILED)
    story.at(start_s + 0.31, line, event=LineEvent.FAILED_OVER)
    story.opens(start_s + 1.9, line)


def test_a_line_that_leaves_for_another_address_has_failed_over_once(story):
    story.opens(1)
    story.flows(1, 20)
    fails_over(story, 22)
    story.flows(24, 40)

    for line in ("a", ""):
        last = story.windows(line)[-1]
        assert last.failovers == 1
        assert last.failover_ms == 4_000.0  # silent since 20, flowing at 24
    assert (last.attempts, last.successes) == (3, 2)
    assert last.success_rate == 100 * 2 / 3


def test_a_line_that_comes_back_where_it_was_has_not(story):
    story.opens(1)
    story.flows(1, 20)
    story.closes(20.5)
    story.opens(22)
    story.flows(22, 40)

    assert story.windows("a")[-1].failovers == 0
    assert story.windows("")[-1].failovers == 0
    assert story.windows("a")[-1].failover_ms is None


def test_the_other_line_of_a_hot_pair_takes_over_in_no_time(story):
    for line in "ab":
        story.opens(1, line)
        story.flows(1, 20, line)
    story.flows(20, 40, "b")
    fails_over(story, 22, "a")
    story.flows(24, 40, "a")

    last = story.windows("")[-1]
    assert (last.failovers, last.failover_ms) == (1, 0.0)
    assert story.windows("a")[-1].failovers == 1
    assert story.windows("b")[-1].failovers == 0


def test_a_line_that_flows_only_later_takes_over_then(story):
    story.opens(1)
    story.flows(1, 20)
    story.closes(20.5)
    story.idles(20, 26)
    story.opens(24.9, "b")
    story.flows(26, 40, "b")

    last = story.windows("")[-1]
    assert (last.failovers, last.failover_ms) == (1, 4_500.0)
