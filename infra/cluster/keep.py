"""Who keeps the lake: one pod beside the archive's, on the same claim.

It needs no Kafka, and holds nothing of its own: wherever it ends, the next goes on.
"""

from typing import Final

from infra.cluster.needs import Document, Needs
from infra.cluster.pods import (
    CONFIG,
    LAKE,
    Process,
    Size,
    container,
    disrupted,
    mounts,
    pod,
    probes,
    stateful,
    volumes,
)

PROCESS: Final = "keep"
_GRACE_S: Final = 60
_SIZE: Final = Size(cores=0.2, most_cores=2, memory_mb=512, most_memory_mb=2048)


def keep(needs: Needs, image: str, stamp: str) -> list[Document]:
    """Return its StatefulSet and its budget.

    Args:
        needs: What the settings ask for.
        image: What it runs.
        stamp: Of the settings: another one starts the pod anew.
    """
    process = container(image, PROCESS, _SIZE) | {
        "args": [PROCESS, "--config", CONFIG],
        "env": [],
        "ports": [{"name": "metrics", "containerPort": needs.metrics.port}],
        **probes(),
        "volumeMounts": mounts(needs, {"lake": needs.lake.path}),
    }
    lake = {"name": "lake", "persistentVolumeClaim": {"claimName": LAKE}}
    spec = pod([process], [*volumes(needs), lake], _GRACE_S)
    whole = Process(PROCESS, PROCESS, 1, spec, stamp, ready_s=15)
    own = stateful(whole, {}, needs.metrics.port)
    del own["spec"]["volumeClaimTemplates"]
    return [own, disrupted(PROCESS, PROCESS)]
