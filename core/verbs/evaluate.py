"""`evaluate WHAT`: see `core.verbs._subverbs`."""

import argparse

from core.verbs import _subverbs


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    _subverbs.register(parser, "evaluate")


def run(args: argparse.Namespace) -> int:
    """Hand over to the named module."""
    return int(_subverbs.load("evaluate", args.what).run(args))
