"""The direction of imports is kept by a machine, and the machine can fail."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("config", "connectors", "flows", "infra", "operators", "sinks")


def lint(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as l; l()",
        ]
        + ["--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Copy the packages and their contracts."""
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_tree_as_it_is_keeps_every_contract(tree):
    done = lint(tree)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("place", "violation", "contract"),
    [
        ("operators/records/time.py", "import config.settings", "point inward"),
        ("config/settings.py", "import connectors.kafka", "point inward"),
        ("sinks/kafka.py", "import connectors.kafka", "point inward"),
        ("connectors/recording.py", "import flows.io", "point inward"),
        ("operators/market/decode.py", "import operators.features.bars", "Stages"),
        ("operators/features/bars.py", "import duckdb", "knows the engine"),
        ("operators/records/time.py", "import bytewax", "knows the engine"),
    ],
)
def test_a_violation_fails(tree, place, violation, contract):
    file = tree / place
    text = file.read_text()
    docstring_end = text.index('"""', 3) + 3
    file.write_text(f"{text[:docstring_end]}\n{violation}\n{text[docstring_end:]}")

    done = lint(tree)

    assert done.returncode == 1, done.stdout + done.stderr
    broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(contract in line for line in broken), done.stdout
