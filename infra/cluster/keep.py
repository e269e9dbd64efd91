"""Who keeps the lake: one pod beside the archive's, on the same claim.

It needs no Kafka, and holds nothing of its own: wherever it ends, the next goes on.
"""

from typing import Final

from infra.cluster.needs import Document, Needs
from infra.cluster.pods import LAKE, Size
from infra.cluster.single import Single, single

PROCESS: Final = "keep"
_SIZE: Final = Size(cores=0.2, most_cores=2, memory_mb=512, most_memory_mb=2048)


def keep(needs: Needs, image: str, stamp: str) -> list[Document]:
    """Return its StatefulSet and its budget; see :mod:`infra.cluster.single`."""
    lake = {"name": "lake", "persistentVolumeClaim": {"claimName": LAKE}}
    what = Single(
        name=PROCESS, size=_SIZE, folders={"lake": needs.lake.path}, lent=[lake]
    )
    return single(needs, image, stamp, what)
