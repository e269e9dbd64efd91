"""What is put into one real recording is found, and nothing where nothing was put."""

import pytest

from tests.injected.captures import captures
from tests.injected.table import Tried, tried

SURE = {
    *("half a frame", "change twice", "change lost", "book crossed"),
    *("2 s late for 10 s", "clock 2 s back", "changes swapped"),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> list[Tried]:
    """All that came of the futures of Binance, whose books are numbered."""
    mine = [each for each in captures() if each.name == "binance_usdm"]
    if not mine:
        pytest.skip("the real recordings of ../shared are not here")
    return list(tried(mine[0], tmp_path_factory.mktemp("injected")))


def test_faults_of_a_numbered_book_and_of_a_line_are_all_found(found):
    assert {each.name for each in found} >= SURE
    assert [each for each in found if each.name in SURE and each.delay_ns is None] == []


def test_none_of_their_words_comes_without_them(found):
    assert [each for each in found if each.by_itself] == []


def test_no_word_comes_before_its_fault(found):
    assert all(each.delay_ns >= 0 for each in found if each.delay_ns is not None)
