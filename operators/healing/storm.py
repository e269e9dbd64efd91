"""Whether a line brings mostly what cannot be read, or far more than is normal."""

from operators.healing.params import HealParams
from operators.records.health import ConnectionHealth
from operators.records.time import SECOND


def storm(
    health: ConnectionHealth, before: ConnectionHealth | None, params: HealParams
) -> str:
    """Return what a line floods us with since its window before, or nothing.

    A line without a window before it is not judged: its count has no beginning. One
    whose count is smaller than before has begun to count anew.
    """
    if before is None:
        return ""
    lasted_s = (health.received_ns - before.received_ns) / SECOND
    frames = health.rate * lasted_s
    dead = health.dead - before.dead if health.dead >= before.dead else health.dead
    if dead >= params.storm_frames and dead >= params.storm_share * frames:
        return f"{dead} of {frames:.0f} frames in {lasted_s:.0f} s cannot be read"
    normal = health.normal_rate
    if normal is not None and health.rate >= max(
        params.flood_rate, params.flood_times * normal
    ):
        return f"{health.rate:.0f} frames/s, normally {normal:.1f}"
    return ""
