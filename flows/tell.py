"""The command that tells people of alerts."""

from config.load import DEFAULT, load
from flows.exchanges import Config


def tell(config: Config = DEFAULT) -> None:
    """Deliver alerts to the targets of the settings, each once, until told to end.

    Every alert is a line of the log. Run one of it: two would tell everything twice.

    Example: `OPS_URL=json://127.0.0.1:8000/ tapewatch tell --config mine.yaml`
    """
    from flows.telling import run_tell  # noqa: PLC0415 - `--help` must not wait

    run_tell(load(config))
