import pytest

from operators.records.frame import Frame
from operators.records.market import Heartbeat, Trade
from sinks import catalog
from sinks.lake import TABLES


@pytest.fixture
def few_tables(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Leave the lake three of its tables, so that many generations take little time."""
    for record in set(TABLES) - {Heartbeat, Trade, Frame}:
        monkeypatch.delitem(TABLES, record)
    monkeypatch.setattr(catalog, "_VIEWS", tmp_path_factory.mktemp("no_views"))
