"""`evaluate X` and `bench X`: the X's are modules `evaluate_x.py` and `bench_x.py` beside this one, found by name."""

import argparse
import importlib
from pathlib import Path
from types import ModuleType


def names(prefix: str) -> list[str]:
    """The X of every `<prefix>_x.py`."""
    return sorted(p.stem.removeprefix(f"{prefix}_") for p in Path(__file__).parent.glob(f"{prefix}_*.py"))


def load(prefix: str, name: str) -> ModuleType:
    """The module of one sub-verb; it offers HELP, register(parser), run(args)."""
    return importlib.import_module(f"core.verbs.{prefix}_{name}")


def register(parser: argparse.ArgumentParser, prefix: str) -> None:
    """One sub-parser a module."""
    actions = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    for name in names(prefix):
        module = load(prefix, name)
        sub = actions.add_parser(name, help=module.HELP, description=module.HELP)
        module.register(sub)
