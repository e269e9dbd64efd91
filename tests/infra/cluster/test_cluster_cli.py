"""The commands about clusters, as a user meets them."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "infra" / "cluster" / "tapewatch.yaml"


def tapewatch(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "flows", "cluster", *words],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("command", ["manifests", "rescale"])
def test_help_teaches_with_an_example(command):
    done = tapewatch(command, "--help")
    assert done.returncode == 0
    assert f"Example: tapewatch cluster {command}" in " ".join(done.stdout.split())


def test_the_same_wish_is_the_same_files(tmp_path):
    read = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        words = ["manifests", "--workers", "3", "-c", EXAMPLE, "--out", folder]
        done = tapewatch(*words, "--image", "mine:1")
        assert done.returncode == 0, done.stderr
        paths = sorted(folder.rglob("*.yaml"))
        read.append({path.relative_to(folder): path.read_text() for path in paths})
    assert read[0] == read[1]
    assert "image: mine:1" in read[0][Path("flow-market.yaml")]
    assert "image: tapewatch" not in "".join(read[0].values())


def test_a_rescaling_is_printed():
    done = tapewatch("rescale", "book", "--workers", "3", "--to", "2", "-c", EXAMPLE)
    assert done.returncode == 0, done.stderr
    kinds = [each["kind"] for each in yaml.safe_load_all(done.stdout)]
    assert kinds == ["ConfigMap", "Job"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["manifests", "--workers", "99", "-c", EXAMPLE, "--out", "x"], "--workers: "),
        (["manifests", "-c", "config/tapewatch.yaml", "--out", "x"], "$.lake.path"),
        (["manifests", "-c", "nowhere.yaml", "--out", "x"], "nowhere.yaml"),
        (["rescale", "nope", "--workers", "1", "--to", "2", "-c", EXAMPLE], "no flow"),
        (["rescale", "bars", "--workers", "2", "--to", "2", "-c", EXAMPLE], "already"),
    ],
)
def test_a_mistake_ends_in_a_line(words, told):
    done = tapewatch(*words)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
