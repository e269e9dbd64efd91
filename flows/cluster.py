"""The commands about real machines: manifests for Kubernetes, and a rescaling Job."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from config.load import ConfigError, load
from flows.exchanges import screen
from infra.cluster import manifests as made
from infra.cluster.ingest import Split
from infra.cluster.needs import Needs, needs
from infra.cluster.rescale import rescale as rescaling
from infra.cluster.text import written

app = typer.Typer(help="Manifests for Kubernetes; see infra/cluster/README.md.")

Config = Annotated[
    Path,
    typer.Option("--config", "-c", help="As infra/cluster/tapewatch.yaml."),
]
Image = Annotated[str, typer.Option(help="What the pods run.")]
IMAGE = f"tapewatch:{version('tapewatch')}"


@app.command()
def manifests(
    config: Config,
    out: Annotated[Path, typer.Option(help="The folder; made if missing.")],
    workers: Annotated[
        str, typer.Option(help="Shards a flow, as `4` or `4,archive=8`.")
    ] = "1",
    image: Image = IMAGE,
    split: Annotated[
        Split, typer.Option(help="A process of ingest is a line, of what?")
    ] = Split.LINE,
) -> None:
    """Write what `kubectl apply -k` takes: every flow, ingest, and what they share.

    Example: `tapewatch cluster manifests --workers 4 --config mine.yaml --out cluster`
    """
    from flows.outline import most_workers  # noqa: PLC0415 - it loads the engine

    wish = made.Deployment(
        needs=_needs(config),
        settings=config.read_text(encoding="utf-8"),
        shards=made.shards(workers, most_workers(load(config))),
        image=image,
        split=split,
    )
    texts = made.files(wish)
    for name, text in texts.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, encoding="utf-8")
    screen.print(f"wrote {len(texts)} files to {out}", highlight=False, markup=False)


@app.command()
def rescale(
    flow: Annotated[str, typer.Argument(help="Which flow; none of it may run.")],
    config: Config,
    workers: Annotated[int, typer.Option(min=1, help="How many shards it had.")],
    to: Annotated[int, typer.Option(min=1, help="How many it will have.")],
    image: Image = IMAGE,
) -> None:
    """Print the Job that makes stores for another number of shards.

    Example: `tapewatch cluster rescale market --workers 4 --to 6 -c mine.yaml`
    """
    from flows.outline import most_workers  # noqa: PLC0415 - it loads the engine

    if workers == to:
        raise ConfigError(f"--to: `{flow}` has {to} shards already")
    known = most_workers(load(config))
    made.shards(f"1,{flow}={workers},{flow}={to}", known)
    print(written(rescaling(_needs(config), flow, workers, to, image)), end="")


def _needs(config: Path) -> Needs:
    load(config)
    return needs(config.read_text(encoding="utf-8"), config)
