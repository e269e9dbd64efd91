"""The lines of hot pairs: one StatefulSet, a pod a line, each on a machine of its own.

One set and not two, since a rollout takes the pods of a set one after the other, and
those of two sets at the same time: both lines would be away at once.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from infra.cluster.needs import Document, Needs
from infra.cluster.pods import (
    CONFIG,
    HOST,
    ZONE,
    Process,
    Size,
    container,
    disrupted,
    environment,
    labels,
    mounts,
    pod,
    probes,
    stateful,
    volumes,
)

PROCESS: Final = "ingest"
_GIB: Final = 1024**3
_GRACE_S: Final = 60
_SIZE: Final = Size(cores=1, most_cores=2, memory_mb=512, most_memory_mb=1_536)


class Split(StrEnum):
    """How many processes a line is: one, or one a venue, or one a connection."""

    LINE = "line"
    VENUE = "venue"
    CONNECTION = "connection"


def groups(needs: Needs, split: Split) -> Mapping[str, Sequence[str]]:
    """Return the connections of each set of processes, by the set's name."""
    found: dict[str, list[str]] = {}
    for each in needs.ingest.connections:
        part = {Split.VENUE: each.venue, Split.CONNECTION: each.name}.get(split)
        name = f"{PROCESS}-{part}".replace("_", "-") if part else PROCESS
        found.setdefault(name, []).append(each.name)
    return found


def ingest(
    needs: Needs, name: str, connections: Sequence[str], image: str, stamp: str
) -> list[Document]:
    """Return the set of one group of connections, and its budget.

    Args:
        needs: What the settings ask for.
        name: The set's.
        connections: Those it listens to; all of the settings for the set ``ingest``.
        image: What it runs.
        stamp: Of the settings: another one starts the pods anew.
    """
    mine = [each for each in needs.ingest.connections if each.name in connections]
    lines = sorted({line.name for each in mine for line in each.lines})
    only = "" if name == PROCESS else f" --connection {','.join(connections)}"
    command = f'exec tapewatch ingest --line "$1" --config {CONFIG}{only}'
    chosen = f'set -- {" ".join(lines)}; shift "$POD_INDEX"; {command}'
    process = container(image, "ingest", _SIZE) | {
        "command": ["/bin/sh", "-ec", chosen],
        "env": environment(needs, PROCESS),
        "ports": [{"name": "metrics", "containerPort": needs.metrics.port}],
        **probes(),
        "volumeMounts": mounts(needs, {"spool": needs.ingest.spool.path}),
    }
    spec = pod([process], volumes(needs), _GRACE_S) | {"affinity": _apart(name)}
    whole = Process(name, PROCESS, len(lines), spec, stamp, ready_s=60)
    claims = {"spool": f"{-(-needs.ingest.spool.max_bytes * 5 // (4 * _GIB))}Gi"}
    return [
        stateful(whole, claims, needs.metrics.port),
        disrupted(name, PROCESS),
    ]


def _apart(name: str) -> Document:
    """Return that no two lines share a machine, nor a zone where that can be had."""
    selector = {"matchLabels": labels(PROCESS, name)}
    zone = {"topologyKey": ZONE, "labelSelector": selector}
    return {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": HOST, "labelSelector": selector}
            ],
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 100, "podAffinityTerm": zone}
            ],
        }
    }
