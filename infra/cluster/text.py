"""Documents as YAML that people read: in the order given, lists indented."""

from collections.abc import Iterable
from typing import Any, Final

import yaml

from infra.cluster.needs import Document

MADE: Final = (
    "# Made by `tapewatch cluster`. To change it, make it anew from other settings,\n"
    "# or lay a kustomization of your own over this folder.\n"
)


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _string)


def written(documents: Iterable[Document], head: str = MADE) -> str:
    """Return documents as one file."""
    parts = [
        yaml.dump(each, Dumper=_Dumper, sort_keys=False, width=1_000)
        for each in documents
    ]
    return head + "---\n" + "---\n".join(parts)
