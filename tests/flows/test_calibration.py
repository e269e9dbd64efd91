"""The flow keeps what its operator says, whatever the batches and other keys."""

from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from flows import archive, calibration
from flows.io import ReplayIO
from flows.run import run_to_end
from operators.calibration.calibrate import Calibrate
from operators.records import topics
from operators.records.feature import Feature
from sinks.catalog import connect, publish
from tests.operators.calibration.made import traded

COUNT = 200


def replayed(lake: Path, features: list[Feature], batch: int) -> dict[str, list[Any]]:
    settings = Settings()
    io = ReplayIO(
        iter(features), lake, batch, topic=topics.FEATURES, closes=True, writer="a"
    )
    for flow in (calibration, archive):
        flow.build(settings, io)
    publish(lake)
    run_to_end(io.flow("replay"))
    with connect(lake) as connection:
        return {
            table: connection.execute(
                f"select * from {table} order by venue, symbol, event_ns"
            ).fetchall()
            for table in ("features", "calibrations", "normalised")
        }


@pytest.fixture(scope="module")
def features() -> list[Feature]:
    sizes = [1.0, 1.4, 0.8, 1.1, 0.9, 2.0, 0.7]
    return [
        traded(number, 100.0 + number % 5, sizes[number % 7], symbol)
        for number in range(1, COUNT + 1)
        for symbol in ("X-Y", "A-B")
    ]


def test_what_is_kept_is_what_the_operator_says_of_each_symbol(
    tmp_path: Path, features: list[Feature]
) -> None:
    kept = replayed(tmp_path / "lake", features, 64)

    assert len(kept["features"]) == len(kept["normalised"]) == 2 * COUNT
    said = [
        each
        for symbol in ("A-B", "X-Y")
        for each in Calibrate(Settings().calibration).update(
            [feature for feature in features if feature.symbol == symbol]
        )
    ]
    assert len(said) == len(kept["normalised"]) + len(kept["calibrations"])
    assert len(kept["calibrations"]) > 2


def test_batches_change_nothing_that_is_kept(
    tmp_path: Path, features: list[Feature]
) -> None:
    one = replayed(tmp_path / "one", features, 1)

    assert replayed(tmp_path / "many", features, 400) == one
