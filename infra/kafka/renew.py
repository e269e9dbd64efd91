"""Write ``jars.lock`` anew from ``pom.xml``: ``python -m infra.kafka.renew``."""

import tempfile
from pathlib import Path

from infra.kafka import jars, java

HEAD = "# Resolved from pom.xml by python -m infra.kafka.renew; never edited by hand.\n"


def _jar(root: Path, path: Path) -> jars.Jar:
    *group, artifact, version, file = path.relative_to(root).parts
    return jars.Jar(jars.sha256(path), f"{'.'.join(group)}:{artifact}:{version}", file)


def renew() -> None:
    """Resolve the jars with Maven and lock what came."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "fetch"
        jars.copy_with_maven(
            folder, java.home(), print, "-Dmdep.useRepositoryLayout=true"
        )
        root = folder / "lib"
        found = sorted(
            (_jar(root, path) for path in root.rglob("*.jar")), key=lambda jar: jar.file
        )
    jars.LOCK.write_text(HEAD + "".join(" ".join(jar) + "\n" for jar in found))
    print(f"{jars.LOCK}: Apache Kafka {jars.version(found)}, {len(found)} jars")


if __name__ == "__main__":
    renew()
