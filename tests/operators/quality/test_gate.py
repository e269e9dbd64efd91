"""What is not known to be right does not pass."""

from hypothesis import given
from hypothesis import strategies as st

from operators.quality.gate import gate
from operators.records.quality import IssueKind

KINDS = st.lists(st.sampled_from(list(IssueKind)), max_size=3)


@given(KINDS, st.booleans(), st.sampled_from(["", "checksum"]))
def test_only_a_book_proven_right_without_a_critical_issue_passes(
    kinds, has_book, wrong
):
    reason = gate(kinds, has_book=has_book, wrong=wrong)
    assert (reason == "") == (has_book and not wrong and not kinds)


def test_the_reason_says_all_that_is_wrong():
    assert gate((), has_book=False, wrong="") == "no book"
    assert gate((), has_book=True, wrong="checksum") == "book not right: checksum"
    both = gate([IssueKind.CROSSED_BOOK], has_book=True, wrong="crossed")
    assert both == "critical: crossed book, book not right: crossed"
