"""A file is whole or not there, and says what its rows say."""

import base64
import csv
import json
import math
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.extract import ExtractError, Form, extract

every_form = pytest.mark.parametrize("form", Form)
LEVELS = pa.list_(pa.list_(pa.float64()))
COLUMNS = {
    "whole": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "large": (pa.decimal128(38, 0), st.integers(-(10**37), 10**37).map(Decimal)),
    "number": (pa.float64(), st.floats()),
    "text": (pa.string(), st.text(st.characters(exclude_characters="\0"))),
    "truth": (pa.bool_(), st.booleans()),
    "octets": (pa.binary(), st.binary()),
    "time": (
        pa.timestamp("us"),
        st.datetimes(*(datetime(year, 1, 1) for year in (1700, 2200))),  # noqa: DTZ001
    ),
    "levels": (LEVELS, st.lists(st.lists(st.floats(), max_size=3), max_size=3)),
}
SCHEMA = pa.schema([(name, kind) for name, (kind, _) in COLUMNS.items()])
ROWS = st.lists(
    st.fixed_dictionaries(
        {name: st.none() | values for name, (_, values) in COLUMNS.items()}
    ),
    max_size=20,
)


def finite(value: Any) -> Any:
    """Return a value as files have it: nothing in place of what is no number."""
    if isinstance(value, list):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def plain(value: Any) -> Any:
    """Return a value as text formats have it."""
    if isinstance(value, datetime):
        return f"{value.isoformat(timespec='microseconds')}Z"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return int(value) if isinstance(value, Decimal) else finite(value)


def batches(rows: list[dict[str, Any]]) -> list[pa.RecordBatch]:
    """Return rows in batches of few."""
    return [
        pa.RecordBatch.from_pylist(rows[start : start + 3], SCHEMA)
        for start in range(0, len(rows), 3)
    ]


def of_json(path: Path) -> Any:
    return json.loads(path.read_text(), parse_constant=pytest.fail)


def of_csv(path: Path) -> list[dict[str, Any]]:
    """Return rows with the types that they had; a text without anything is none."""
    readers: dict[str, Any] = {
        "truth": lambda text: {"true": True, "false": False}[text],
        "levels": json.loads,
        "number": float,
        **dict.fromkeys(("whole", "large"), int),
    }
    with path.open(newline="") as file:
        return [
            {name: readers.get(name, str)(text) if text else None for name, text in row}
            for row in (each.items() for each in csv.DictReader(file))
        ]


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_rows_are_the_same_when_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("extract")
    for form in Form:
        path = folder / f"rows.{form}"
        assert extract(path, form, SCHEMA, batches(rows)) == len(rows)

    texts = [{name: plain(value) for name, value in row.items()} for row in rows]
    assert of_json(folder / "rows.json") == texts
    empty = [
        {name: None if value == "" else value for name, value in row.items()}
        for row in texts
    ]
    assert of_csv(folder / "rows.csv") == empty
    whole = [{name: finite(value) for name, value in row.items()} for row in rows]
    assert pq.read_table(folder / "rows.parquet").to_pylist() == whole


@settings(deadline=None, max_examples=30)
@given(ROWS)
def test_duckdb_reads_json_line_by_line_and_as_a_whole(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    path = tmp_path_factory.mktemp("extract") / "rows.json"
    extract(path, Form.JSON, SCHEMA, batches(rows))

    found = duckdb.sql(f"select whole from read_json('{path}')") if rows else None

    lines = path.read_text().removesuffix("\n").split("\n")
    assert [lines[0], lines[-1]] == (["[", "]"] if rows else ["[]", "[]"])
    if found is not None:
        assert [json.loads(line.rstrip(",")) for line in lines[1:-1]] == of_json(path)
        assert [whole for (whole,) in found.fetchall()] == [r["whole"] for r in rows]


def test_csv_tells_nothing_from_a_text_without_anything(tmp_path: Path) -> None:
    schema = pa.schema([("text", pa.string()), ("number", pa.float64())])
    rows = [{"text": "", "number": 0.1}, {"text": None, "number": None}]
    path = tmp_path / "rows.csv"
    extract(path, Form.CSV, schema, [pa.RecordBatch.from_pylist(rows, schema)])
    assert path.read_text() == '"text","number"\n"",0.1\n,\n'


@every_form
def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path, form: Form) -> None:
    path = tmp_path / "rows"
    path.write_text("mine")

    with pytest.raises(ExtractError, match="rows: is there already"):
        extract(path, form, SCHEMA, [])

    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


@every_form
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_ends_early_leaves_nothing(
    tmp_path: Path, form: Form, error: type[BaseException]
) -> None:
    def some() -> Any:
        yield pa.RecordBatch.from_pylist([dict.fromkeys(COLUMNS)], SCHEMA)
        raise error

    with pytest.raises(error):
        extract(tmp_path / "new" / "rows", form, SCHEMA, some())

    assert list((tmp_path / "new").iterdir()) == []


@every_form
def test_what_came_meanwhile_is_not_overwritten(tmp_path: Path, form: Form) -> None:
    path = tmp_path / "rows"

    def some() -> Any:
        yield pa.RecordBatch.from_pylist([dict.fromkeys(COLUMNS)], SCHEMA)
        path.write_text("mine")

    with pytest.raises(ExtractError, match="is there already"):
        extract(path, form, SCHEMA, some())

    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        ExtractError, match=r"file/rows: .*(File exists|Not a directory)"
    ):
        extract(tmp_path / "file" / "rows", Form.CSV, SCHEMA, [])


def test_progress_is_told_of_rows(tmp_path: Path) -> None:
    told: list[int] = []
    rows = batches([dict.fromkeys(COLUMNS)] * 8)
    extract(tmp_path / "rows", Form.CSV, SCHEMA, rows, told.append)
    assert told == [3, 6, 8]
