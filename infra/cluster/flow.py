"""The shards of a flow: one StatefulSet, whose pods know their place and their number.

The number of shards stands in one place, the call that made the manifest: replicas and
``SHARDS`` are both written from it. To change it alone would leave partitions unread
(the flow's lag grows, and says so); the way is ``tapewatch cluster rescale``.
"""

from typing import Final

from infra.cluster.needs import Document, Needs
from infra.cluster.pods import (
    CONFIG,
    HOST,
    LAKE,
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

KEEPS_LAKE: Final = "archive"
STORE: Final = "5Gi"
GRACE_S: Final = 60
_SIZE: Final = Size(cores=1, most_cores=2, memory_mb=1_024, most_memory_mb=2_048)
_ARCHIVE: Final = Size(cores=1, most_cores=2, memory_mb=2_048, most_memory_mb=4_096)


def size(flow: str) -> Size:
    """Return what a shard of a flow is given; the memory is that of a long backlog."""
    return _ARCHIVE if flow == KEEPS_LAKE else _SIZE


def flow(
    needs: Needs, name: str, shards: int, image: str, stamp: str
) -> list[Document]:
    """Return a flow's StatefulSet and its budget.

    Args:
        needs: What the settings ask for.
        name: The flow.
        shards: How many processes it is.
        image: What they run.
        stamp: Of the settings: another one starts the pods anew.
    """
    folders = {"recovery": needs.recovery.path}
    more = []
    if name == KEEPS_LAKE:
        folders["lake"] = needs.lake.path
        more = [{"name": "lake", "persistentVolumeClaim": {"claimName": LAKE}}]
    shard = container(image, "flow", size(name)) | {
        "args": ["flow", name, "--shard", "$(POD_INDEX)/$(SHARDS)", "--config", CONFIG],
        "env": environment(needs, name) + [{"name": "SHARDS", "value": str(shards)}],
        "ports": [{"name": "metrics", "containerPort": needs.metrics.port}],
        **probes(),
        "volumeMounts": mounts(needs, folders),
    }
    spec = pod([shard], volumes(needs) + more, GRACE_S) | {
        "topologySpreadConstraints": [_apart(HOST, name), _apart(ZONE, name)]
    }
    process = Process(name, name, shards, spec, stamp, ready_s=15)
    claims = {"recovery": STORE}
    return [stateful(process, claims, needs.metrics.port), disrupted(name, name)]


def _apart(by: str, name: str) -> Document:
    return {
        "maxSkew": 1,
        "topologyKey": by,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels(name)},
    }
