"""An import in a process of its own: opening and exporting a stranger's model never holds up or harms the program, and ends
at once where it is cancelled."""

from pathlib import Path
from typing import Any

from core.errors import UserError
from core.inference import packs
from core.inference.apart import call_apart
from core.inference.importing.questions import Answers, Question
from core.progress import Report, silent

SECONDS = 1800.0
_LOOK_SECONDS = 300.0


def questions_aside(
    path: Path, answers: Answers, *, trust: bool = False, report: Report = silent
) -> tuple[str, list[Question]]:
    """The kind of a model file or folder and everything that can be answered about it."""
    from core.inference.importing.questions import detect

    kind = detect(path)
    given = (str(path), dict(answers), trust)
    found: list[Question] = _said(
        call_apart(
            _ask, given, f"{path.name} cannot be looked at", _LOOK_SECONDS,
            watch=lambda: report(0, 0, "reading the model"), parent=True,
        )
    )  # fmt: skip
    return kind, found


def import_aside(
    path: Path, out: Path, answers: Answers, *, trust: bool = False, report: Report = silent
) -> packs.Pack:
    """`import_model` in a process of its own. UserError as there; `out` stays as it was where it fails or is cancelled."""
    given = (str(path), str(out), dict(answers), trust)
    _said(
        call_apart(
            _import, given, f"{path.name} was not imported", SECONDS,
            watch=lambda: report(0, 0, "making the pack"), parent=True,
        )
    )  # fmt: skip
    return packs.load(out)


def _said(answer: tuple[str, Any]) -> Any:
    """The answer of the other process, its UserError raised here with its own words."""
    kind, found = answer
    if kind == "refused":
        raise UserError(*found)
    return found


def _ask(path: str, answers: Answers, trust: bool) -> tuple[str, object]:
    from core.inference.importing import questions

    try:
        return "asked", questions(Path(path), answers, trust=trust)
    except UserError as error:
        return "refused", (error.what, error.next_step)


def _import(path: str, out: str, answers: Answers, trust: bool) -> tuple[str, object]:
    from core.inference.importing import import_model

    try:
        return "made", import_model(Path(path), Path(out), answers, trust=trust).id
    except UserError as error:
        return "refused", (error.what, error.next_step)
