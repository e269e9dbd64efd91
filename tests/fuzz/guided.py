"""Let coverage lead the mutations of one target; needs Atheris, which is not locked.

python -m tests.fuzz.guided TARGET RUNS FOLDER
"""

import random
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["connectors", "operators", "config"]):
    from tests.fuzz.mutate import Seed, mutated, seed_of
    from tests.fuzz.run import kind_of, known, seeds
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz until the runs are used up; what breaks the law is kept in the folder."""
    target, runs, folder = TARGETS[sys.argv[1]], int(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    known_of, others = known(target, 10.0), seeds(target)

    def run(raw: bytes) -> None:
        try:
            target.run(raw if target.blind else target.made(raw))
        except Exception as error:
            if kind_of(error) not in known_of:
                raise

    def mutate(raw: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if rng.random() < 0.3:
            return atheris.Mutate(raw, most)
        mine: Seed = seed_of(raw)
        return mutated(rng, [mine, mine, mine, *rng.sample(others, 1)])[:most]

    with tempfile.TemporaryDirectory() as grown:
        for number, entry in enumerate(target.entries()):
            (Path(grown) / str(number)).write_bytes(entry.raw)
        flags = [f"-runs={runs}", "-max_len=30000", "-timeout=20", "-rss_limit_mb=3000"]
        prefix = f"-artifact_prefix={folder}/{target.name}-"
        words = [sys.argv[0], *flags, prefix, "-print_final_stats=1", grown]
        atheris.Setup(words, run, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
