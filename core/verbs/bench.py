"""`bench WHAT`: see `core.verbs._subverbs`."""

import argparse

from core.verbs import _subverbs


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    _subverbs.register(parser, "bench")


def run(args: argparse.Namespace) -> int:
    """Hand over to the named module."""
    return int(_subverbs.load("bench", args.what).run(args))
