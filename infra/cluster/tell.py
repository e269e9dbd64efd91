"""Who tells people of alerts: one pod, never two, which would tell everything twice.

A StatefulSet of one does not start another before it is certain that the first has
ended, a node that does not answer included. Its volume holds no more than a lock.
"""

from typing import Final

from infra.cluster.needs import Document, Needs
from infra.cluster.pods import ALERTS, Size, environment
from infra.cluster.single import Single, single

PROCESS: Final = "tell"
PORTS: Final = (443, 465, 587)
"""Where targets listen: HTTPS, and mail."""
_STORE: Final = "1Gi"
_SIZE: Final = Size(cores=0.1, most_cores=1, memory_mb=256, most_memory_mb=512)


def tell(needs: Needs, image: str, stamp: str) -> list[Document]:
    """Return its StatefulSet and its budget; see :mod:`infra.cluster.single`."""
    what = Single(
        name=PROCESS,
        size=_SIZE,
        variables=environment(needs, PROCESS, indexed=False) + _addresses(needs),
        folders={"recovery": needs.recovery.path},
        claims={"recovery": _STORE},
    )
    return single(needs, image, stamp, what)


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
