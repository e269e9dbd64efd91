"""Who tells people of alerts: one pod, never two, which would tell everything twice.

A StatefulSet of one does not start another before it is certain that the first has
ended, a node that does not answer included. Its volume holds no more than a lock.
"""

from typing import Final

from infra.cluster.needs import Document, Needs
from infra.cluster.pods import (
    ALERTS,
    CONFIG,
    Process,
    Size,
    container,
    disrupted,
    environment,
    mounts,
    pod,
    probes,
    stateful,
    volumes,
)

PROCESS: Final = "tell"
PORTS: Final = (443, 465, 587)
"""Where targets listen: HTTPS, and mail."""
_GRACE_S: Final = 60
_STORE: Final = "1Gi"
_SIZE: Final = Size(cores=0.1, most_cores=1, memory_mb=256, most_memory_mb=512)


def tell(needs: Needs, image: str, stamp: str) -> list[Document]:
    """Return its StatefulSet and its budget.

    Args:
        needs: What the settings ask for.
        image: What it runs.
        stamp: Of the settings: another one starts the pod anew.
    """
    process = container(image, PROCESS, _SIZE) | {
        "args": [PROCESS, "--config", CONFIG],
        "env": environment(needs, PROCESS, indexed=False) + _addresses(needs),
        "ports": [{"name": "metrics", "containerPort": needs.metrics.port}],
        **probes(),
        "volumeMounts": mounts(needs, {"recovery": needs.recovery.path}),
    }
    spec = pod([process], volumes(needs), _GRACE_S)
    whole = Process(PROCESS, PROCESS, 1, spec, stamp, ready_s=15)
    claims = {"recovery": _STORE}
    return [
        stateful(whole, claims, needs.metrics.port),
        disrupted(PROCESS, PROCESS),
    ]


def _addresses(needs: Needs) -> list[Document]:
    """Return the variables of the targets; of one that is missing it says so itself."""
    return [
        {
            "name": name,
            "valueFrom": {
                "secretKeyRef": {"name": ALERTS, "key": name, "optional": True}
            },
        }
        for name in needs.alerts.variables
    ]
