"""The part of requirements.lock that running needs, without what only tests need.

python -m infra.cluster.locked requirements.lock

It follows what is installed: from us, through what each says it requires.
"""

import re
import sys
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==.*(?:\n[ ].*)*", re.MULTILINE)


def needed(project: str) -> set[str]:
    """Return the names of all packages that a project runs on, through all levels.

    Raises:
        PackageNotFoundError: If one of them is not installed.
    """
    found: set[str] = set()
    waiting = [(project, frozenset({""}))]
    while waiting:
        name, extras = waiting.pop()
        for text in requires(name) or ():
            each = Requirement(text)
            marker = each.marker
            if marker and not any(marker.evaluate({"extra": e}) for e in extras):
                continue
            key = canonicalize_name(each.name)
            if key not in found or each.extras:
                found.add(key)
                waiting.append((key, frozenset({"", *each.extras})))
    return found


def part(lock: str, names: set[str]) -> str:
    """Return the entries of a lock file that bear these names, hashes and all."""
    entries = _ENTRY.finditer(lock)
    return "\n".join(
        each[0] for each in entries if canonicalize_name(each["name"]) in names
    )


if __name__ == "__main__":
    print(part(Path(sys.argv[1]).read_text(encoding="utf-8"), needed("tapewatch")))
