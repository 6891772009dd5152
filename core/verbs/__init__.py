"""The verbs of the command line: one module each, registered by name, imported only when needed.

Results go to standard output, progress to standard error. Exit codes: 0, 2 (the user's to mend), 1 (ours).
"""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Callable
from typing import Protocol, cast

from core.errors import UserError
from core.progress import Cancelled

VERBS: dict[str, str] = {
    "analyze": "read files, assess, explain and plan; write the case as JSON or PDF",
    "differential": "rank diagnoses for a note, a phenopacket or finding codes",
    "explain": "Shapley values of a stored case, down to the finding and the pixel",
    "cases": "list, show, search and export stored cases",
    "medications": "check medicines against each other and against a patient",
    "score": "a clinical score from its inputs, or the list of scores",
    "icu": "death in hospital after 48 hours of intensive care: probability and reasons for one stay",
    "genes": "pharmacogenes of a VCF: diplotypes, gene results, recommendations",
    "pacs": "ask, query, fetch from and send to a configured archive (off until one is configured)",
    "audit": "verify and export the audit trail",
    "backup": "back up the store, verify and restore a backup",
    "models": "list and verify model packs",
    "knowledge": "build and list knowledge packs",
    "learn": "train and evaluate a model and write its pack (needs the `training` extra)",
    "evaluate": "measure an engine or a model on a folder of data",
    "bench": "measure speed side by side with a peer or the raw limit",
}
"""Verb -> one line of help. The module is `core.verbs.<verb>`; a test fails on a verb without help or docs."""


class Verb(Protocol):
    """What a verb's module offers."""

    def register(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


_WINDOW_VERBS: dict[str, tuple[str, str]] = {}


def add_window_verbs(verbs: dict[str, tuple[str, str]]) -> None:
    """Verbs that need the window's code, given by `main.py` as name -> (help, module): core does not know them."""
    _WINDOW_VERBS.update(verbs)


def load(verb: str) -> Verb:
    """The module of a verb."""
    module = _WINDOW_VERBS[verb][1] if verb in _WINDOW_VERBS else f"core.verbs.{verb}"
    return cast(Verb, importlib.import_module(module))


def all_verbs() -> dict[str, str]:
    """Every verb with its line of help."""
    return {**VERBS, **{name: text for name, (text, _) in _WINDOW_VERBS.items()}}


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The whole parser, or with `only` the parser that knows that verb's arguments (others by name alone)."""
    parser = argparse.ArgumentParser(
        prog="main.py",
        description="Consilium: offline decision support. Without a verb the window opens. "
        "Decision support only; not a cleared device.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, text in all_verbs().items():
        sub = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if only is None or only == name:
            load(name).register(sub)
    return parser


def run(argv: list[str]) -> int:
    """Parse and run one verb; turns failures into exit codes."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    only = argv[0] if argv[0] in all_verbs() else ""
    args = build_parser(only).parse_args(argv)
    return guarded(lambda: load(args.verb).run(args))


def guarded(work: Callable[[], int]) -> int:
    """Run `work`; 2 with one sentence for what the user can mend, 1 with the log for what is ours."""
    try:
        return work()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (Cancelled, KeyboardInterrupt):
        print("cancelled", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # the outermost handler: what is our bug is logged
        logging.getLogger(__name__).exception("unexpected failure; please report this text")
        return 1
