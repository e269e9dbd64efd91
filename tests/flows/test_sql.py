"""The lake answers as a table, as CSV and as JSON; what it cannot answer is told."""

import csv
import io
import json
from pathlib import Path

import pytest

from flows.sql import QueryError, ask
from operators.records.dead import DeadLetter
from sinks.catalog import publish
from sinks.lake import LakeError
from sinks.parquet import LakeSink

FORMS = ["table", "csv", "json"]
every_form = pytest.mark.parametrize("form", FORMS)
RAW = b'{"x":[null]}[/red] :smile:\xff'


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sql") / "lake"
    publish(folder)
    part = LakeSink(folder, "w").build_part("lake", "w", None)
    letter = DeadLetter(topic="t", reason="[a] :b:", raw=RAW, size=len(RAW), offset=1)
    part.write_batch([[letter]])
    part.snapshot()
    return folder


QUERY = "select 1.5::double as price, 'a,\"b\"' as text, null as nothing from range(2)"


def test_json_is_a_list_of_rows(lake: Path) -> None:
    row = {"price": 1.5, "text": 'a,"b"', "nothing": None}
    assert json.loads(ask(QUERY, lake, "json")) == [row, row]


def test_csv_has_the_names_and_the_rows(lake: Path) -> None:
    text = ask(QUERY, lake, "csv")
    row = ["1.5", 'a,"b"', ""]
    assert list(csv.reader(io.StringIO(text))) == [
        ["price", "text", "nothing"],
        row,
        row,
    ]
    assert text.endswith("\n")


def test_a_table_has_the_names_the_values_and_how_many_rows(lake: Path) -> None:
    head, *_, last = ask(QUERY, lake, "table").splitlines()[1:]
    assert [name.strip() for name in head.split("┃")[1:-1]] == [
        *("price", "text", "nothing")
    ]
    assert last == "2 rows"
    assert ask(QUERY, lake, "table").count('a,"b"') == 2
    assert ask("select 1", lake, "table").endswith("\n1 row\n")
    assert ask("select 1 limit 0", lake, "table").endswith("\n0 rows\n")


def test_a_table_shows_so_many_rows_and_says_so(lake: Path) -> None:
    text = ask("select i as n from range(1001) r(i)", lake, "table")
    assert text.endswith("\n1001 rows, the first 1000 shown\n")
    assert text.count("│") == 2 * 1_000
    for form, count in (("csv", 1_002), ("json", 3 * 1_001 + 2)):
        many = ask("select i as n from range(1001) r(i)", lake, form)
        assert len(many.splitlines()) == count


@every_form
def test_an_answer_without_rows_is_still_an_answer(lake: Path, form: str) -> None:
    text = ask("select topic from dead_letters where false", lake, form)
    assert ("topic" in text) == (form != "json")
    assert json.loads(text) == [] if form == "json" else True


def test_a_table_shows_what_is_there_and_takes_nothing_for_markup(lake: Path) -> None:
    text = ask('select reason as "[r]", raw from dead_letters', lake, "table")
    for shown in ("[r]", "[a] :b:", "[null]}[/red] :smile:"):
        assert shown in text


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("2::hugeint ** 100::int", 2**100),
        ("170141183460469231731687303715884105727::hugeint", 2**127 - 1),
        ("1.25::decimal(9, 2)", "1.25"),
        ("'nan'::double", None),
        ("timestamp '2024-08-08 23:54:15.343999'", "2024-08-08T23:54:15.343999"),
        ("date '2024-08-08'", "2024-08-08"),
        ("[[1.0::double, 2.0], []]", [[1.0, 2.0], []]),
        ("{'a': 1}", {"a": 1}),
        ("'é\"'", 'é"'),
        ("'\\xff'::blob", "/w=="),
        ("true", True),
    ],
)
def test_json_holds_every_kind_of_value(lake: Path, value: str, told: object) -> None:
    assert json.loads(ask(f"select {value} as it", lake, "json")) == [{"it": told}]


@every_form
@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("selct 1", "syntax error"),
        ("select nothing from trades", "nothing"),
        ("select * from nowhere", "nowhere does not exist"),
        ("select 'x'::int", "Could not convert"),
        ("", "(?i)result set"),
        ("-- only a remark", "(?i)result set"),
        ("select * from read_text('/etc/passwd')", "Permission Error"),
        ("create table x (a int)", "read-only"),
        ("copy (select 1) to '{lake}/hot/it.csv'", "expected a query, not COPY"),
        ("explain analyze copy (select 1) to '{lake}/it.csv'", "not EXPLAIN"),
        ("select 1; copy (select 1) to '{lake}/it.csv'", "not COPY"),
        ("prepare p as copy (select 1) to '{lake}/it.csv'", "not PREPARE"),
        ("export database '{lake}/it'", "not EXPORT"),
        ("attach ':memory:' as other", "not ATTACH"),
    ],
)
def test_what_cannot_be_answered_is_a_query_error(
    lake: Path, query: str, told: str, form: str
) -> None:
    before = sorted(lake.rglob("*"))
    with pytest.raises(QueryError, match=told):
        ask(query.format(lake=lake), lake, form)
    assert sorted(lake.rglob("*")) == before


@pytest.mark.parametrize(
    "query",
    [
        "show tables",
        "describe trades",
        "summarize trades",
        "from trades",
        "with it as (select 1) select * from it",
        "pivot (select 1 as a, 2 as b) on a using sum(b)",
        "select 1; select 2",
    ],
)
def test_whatever_reads_is_answered(lake: Path, query: str) -> None:
    assert isinstance(json.loads(ask(query, lake, "json")), list)


def test_without_a_lake_there_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="no lake here"):
        ask("select 1", tmp_path, "json")
