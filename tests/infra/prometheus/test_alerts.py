"""What Prometheus is told to tell of: figures that there are, and a line for each."""

import os
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from config.alerts import Alerts, Target
from config.settings import Kafka, Metrics
from connectors.kafka import KafkaSource, Reading
from flows import metrics
from flows.tap import Tap
from flows.tell_metrics import TellMetrics
from infra.kafka.broker import Broker
from infra.kafka.installation import Installation
from infra.kafka.ports import free
from operators.records import topics
from operators.records.time import SECOND
from sinks.alerts import Message, Verdict
from sinks.courier import Courier
from sinks.deliveries import Ledger
from sinks.spool import Spool
from sinks.spooling import SpoolingPublisher
from sinks.told import Told
from tests.e2e.site import Site
from tests.flows.standing_rows import everything

FOLDER = Path(__file__).parents[3] / "infra" / "prometheus"
ALERTS = yaml.safe_load((FOLDER / "alerts.yml").read_text())
RULES: list[dict[str, Any]] = [r for g in ALERTS["groups"] for r in g["rules"]]
README = (FOLDER / "README.md").read_text()
NAME = re.compile(r"\b(?:tapewatch|process)_[a-z_]+")


class NoDoor:
    """A target that nobody comes to."""

    def tell(self, message: Message) -> Verdict:
        raise AssertionError(message)


def names(port: int) -> set[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    return {
        sample.name
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture(scope="module")
def exported(
    kafka: Broker,
    installation: Installation,
    tmp_path_factory: pytest.TempPathFactory,
) -> set[str]:
    """Return the names that a flow, ingest and tell show, by their own end-points."""
    (flow, ingest, tell) = free(3)
    folder = tmp_path_factory.mktemp("exported")
    settings = Kafka(bootstrap=kafka.bootstrap)
    Site(folder, settings)  # makes the topics
    source = KafkaSource(Reading(settings, "exported", [topics.FRAMES], Event()))
    part = source.build_part("read", "all", None)
    part.snapshot()
    part.close()
    tap = Tap()
    tap.expect(topics.ALL)
    for record in everything(1_700_000_000 * SECOND):
        tap([record])
    shown = metrics.FlowMetrics("any", [source], tap, {"lake": folder})
    metrics.serve(Metrics(port=flow), shown)
    spool = Spool(folder / "spool", 1_000_000, print)
    publisher = SpoolingPublisher(settings, [topics.FRAMES], spool, 1_000)
    metrics.serve(Metrics(port=ingest), metrics.IngestMetrics(publisher))
    tap = Tap()
    courier = Courier(
        Target(name="ops", url_env="OPS_URL"),
        Alerts(),
        door=NoDoor(),
        ledger=Ledger(settings, tap, print),
        told=Told(),
        say=print,
    )
    metrics.serve(Metrics(port=tell), TellMetrics(tap, {"ops": courier}))
    return names(flow) | names(ingest) | names(tell)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_figure_that_a_rule_names_is_one_of_ours(rule, exported):
    wanted = set(NAME.findall(rule["expr"]))

    assert wanted - exported == set()
    assert wanted or "up{" in rule["expr"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_has_a_line_in_the_runbook(rule):
    file, _, anchor = rule["annotations"]["runbook"].partition("#")
    line = re.search(rf"^### {rule['alert']}\n(.+)", README, re.MULTILINE)

    assert (FOLDER.parents[1] / file) == FOLDER / "README.md"
    assert anchor == rule["alert"].lower()
    assert line is not None
    assert len(line[1]) > 40


def test_the_runbook_has_no_line_too_many():
    told = re.findall(r"^### (\w+)$", README, re.MULTILINE)

    assert told == [rule["alert"] for rule in RULES]


def test_every_figure_of_the_readme_is_one_of_ours(exported):
    table = README[README.index("| Figure |") : README.index("A look costs")]
    whole = set(re.findall(r"`(tapewatch_[a-z_]+)`", table))
    begun = re.findall(r"`(tapewatch_[a-z_]+)\*`", table)

    assert whole - exported == set()
    assert [b for b in begun if not any(e.startswith(b) for e in exported)] == []


@pytest.fixture
def promtool() -> str:
    found = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if found is None:
        pytest.skip("no promtool here; it is in Debian's package `prometheus`")
    return found


def run(promtool: str, *words: str, cwd: Path = FOLDER) -> None:
    done = subprocess.run(
        [promtool, *words], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_settings_and_the_rules(promtool):
    run(promtool, "check", "config", "prometheus.yml")


WRITTEN = 'tapewatch_records_written_total{{table="{}"}}'
DELIVERIES = 'tapewatch_deliveries_total{{target="ops", outcome="{}"}}'
MOMENTS = [
    ("ProcessDown", 'up{job="tapewatch", instance="a"}', "0x60"),
    ("ProcessRestarts", 'process_start_time_seconds{job="tapewatch"}', "1+1x60"),
    ("FlowStuck", 'tapewatch_epoch_time_seconds{instance="a"}', "0x60"),
    ("LagGrows", 'tapewatch_consumer_lag{instance="a", flow="f"}', "20000+9x60"),
    ("EventLag", 'tapewatch_event_lag_seconds{flow="f"}', "11x60"),
    ("DeadLetters", WRITTEN.format("dead_letters"), "0+1x60"),
    ("BooksNotRight", "tapewatch_books_not_right", "1x60"),
    ("OpenCritical", 'tapewatch_open_issues{severity="critical"}', "1x60"),
    ("ScoreLow", "tapewatch_quality_score_mean", "97x60"),
    ("ConnectionRed", 'tapewatch_line_level{line="", connection="c"}', "2x60"),
    (
        "NoSystemHealth",
        'tapewatch_records_written_total{table="system_health"}',
        "5x60",
    ),
    ("FramesRefused", "tapewatch_refused_messages", "0+1x60"),
    ("AlertsUndelivered", DELIVERIES.format("given up"), "0+1x60"),
    ("AlertsUndelivered", DELIVERIES.format("unknown"), "0+1x60"),
    ("AlertsUndelivered", DELIVERIES.format("failed"), "0+1x60"),
    ("AlertsUndelivered", 'tapewatch_alerts_waiting{target="ops"}', "1x60"),
]
WELL = {
    'up{job="tapewatch", instance="b"}': "1x60",
    'process_start_time_seconds{job="tapewatch", instance="b"}': "1x60",
    'tapewatch_system_score{venue="", instance="b"}': "100x60",
    'tapewatch_consumer_lag{instance="b", flow="f"}': "3x60",
    'tapewatch_event_lag_seconds{flow="b"}': "0x60",
    'tapewatch_line_level{line="", connection="b"}': "0x60",
    'tapewatch_line_level{line="a", connection="b"}': "2x60",
    'tapewatch_deliveries_total{target="b", outcome="sent"}': "0+1x60",
    'tapewatch_deliveries_total{target="b", outcome="failed"}': "0x40 1x20",
    'tapewatch_alerts_waiting{target="b"}': "0 1 0 1 0 1 0 1 0x50",
}


@pytest.mark.parametrize(("alert", "series", "values"), MOMENTS)
def test_an_alert_is_told_of_when_it_is_due_and_no_other(
    promtool, tmp_path, alert, series, values
):
    inputs = WELL | {series: values}
    told = [(rule["alert"], []) for rule in RULES if rule["alert"] != alert]
    case = {
        "interval": "15s",
        "input_series": [{"series": s, "values": v} for s, v in inputs.items()],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}})',
                "eval_time": "14m",
                "exp_samples": [{"value": 1}],
            }
        ],
        "alert_rule_test": [
            {"eval_time": "14m", "alertname": name, "exp_alerts": none}
            for name, none in told
        ],
    }
    test = tmp_path / "test.yml"
    rules = [str(FOLDER / "alerts.yml")]
    test.write_text(yaml.safe_dump({"rule_files": rules, "tests": [case]}))

    run(promtool, "test", "rules", str(test))
