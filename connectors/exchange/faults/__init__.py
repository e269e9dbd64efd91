"""What can go wrong: a class for each kind of fault, and a line for it here."""

from collections.abc import Mapping
from typing import Final

from config.exchange import (
    Checksum,
    Crossed,
    Delay,
    Disconnect,
    Drip,
    Drop,
    Duplicate,
    Fault,
    Garbage,
    MassDisconnect,
    Refuse,
    Reorder,
    Skew,
    Stale,
    Stall,
    TooMany,
)
from connectors.exchange.faults import (
    content,
    doors,
    endings,
    order,
    snapshots,
    timing,
)
from connectors.exchange.faults.act import AnyAct, AnyDoorAct

ACTS: Final[Mapping[type[Fault], type[AnyAct]]] = {
    Disconnect: endings.Disconnecting,
    MassDisconnect: endings.Disconnecting,
    Stall: timing.Stalling,
    Delay: timing.Delaying,
    Drip: timing.Dripping,
    Drop: order.Dropping,
    Duplicate: order.Duplicating,
    Reorder: order.Reordering,
    Crossed: content.Crossing,
    Checksum: content.Miscounting,
    Garbage: content.Garbling,
    Skew: content.Skewing,
    Stale: snapshots.Aging,
}
"""What is done to a client."""

DOOR_ACTS: Final[Mapping[type[Fault], type[AnyDoorAct]]] = {
    Stale: snapshots.AgingRest,
    TooMany: doors.Limiting,
    Refuse: doors.Refusing,
}
"""What is done at the door."""
