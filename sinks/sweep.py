"""What nobody can be reading any more is removed.

A generation lives while it is the current one, for a time of grace after another took
its place, and while anybody holds a lease of it. A file goes when no generation that
lives shows it.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from sinks import manifest
from sinks.catalog import alone, number_of
from sinks.lake import NEVER, catalog


def sweep(lake: Path, now_s: float, grace_s: float) -> int:
    """Remove generations, cold files and hot segments that are shown no longer.

    Only one process may do so, and put files together, at a time.

    Args:
        lake: The lake.
        now_s: What time it is [s UTC].
        grace_s: How long a generation lives after it was superseded; must be longer
            than the longest query of who takes no lease [s].

    Returns:
        How many files were removed.
    """
    with alone(lake):
        living = list(_living(lake, now_s, grace_s))
        told = [manifest.read(generation) for generation in living]
    shown = {
        part.path for each in told for parts in each.parts.values() for part in parts
    }
    gone = [
        path
        for path in lake.glob("cold/*/seg=*/*")
        if str(path.relative_to(lake)) not in shown
    ]
    for path in gone:
        path.unlink(missing_ok=True)
    watermark = min(each.watermark for each in told)
    count = len(gone)
    for segment in lake.glob("hot/*/seg=*"):
        if NEVER < segment.name.removeprefix("seg=") < watermark:
            count += sum(1 for _ in segment.iterdir())
            shutil.rmtree(segment, ignore_errors=True)
    for folder in lake.glob("cold/*/seg=*"):
        if not any(folder.iterdir()):
            folder.rmdir()
    return count


def _living(lake: Path, now_s: float, grace_s: float) -> Iterator[Path]:
    """Yield the generations that live, and remove the others."""
    current = catalog(lake).parent.resolve()
    found = sorted(lake.glob("catalog/gen-*"), key=number_of)
    for generation, following in zip(found, [*found[1:], None], strict=True):
        superseded_s = following.stat().st_mtime if following else now_s
        if (
            generation == current
            or now_s - superseded_s < grace_s
            or manifest.is_leased(generation)
        ):
            yield generation
        else:
            shutil.rmtree(generation)
