"""A log that cannot hold patient data: message templates without their arguments, errors without their texts.

What is logged is where and what kind, which is what a fault report needs: `UserError in core/records/fhir.py:88 read`.
Values that would go into a message, and the texts of exceptions (which quote what they choke on), are left out.
"""

import logging
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path

LARGEST_BYTES = 1_000_000
KEPT = 3


class BareFormatter(logging.Formatter):
    """Level, logger, template, and for errors the types and places."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and one for each frame of a traceback."""
        template = record.msg if isinstance(record.msg, str) and _plain(record) else "(message left out)"
        lines = [f"{self.formatTime(record)} {record.levelname} {record.name}: {template}"]
        if record.exc_info and record.exc_info[1] is not None:
            lines += places(record.exc_info[1])
        return "\n".join(lines)


def places(error: BaseException) -> list[str]:
    """The chain of an error: types and "file:line function", never texts or source lines."""
    lines = []
    link: BaseException | None = error
    while link is not None:
        lines.append(f"  {type(link).__module__}.{type(link).__qualname__}")
        for frame in traceback.extract_tb(link.__traceback__):
            lines.append(f"    {Path(frame.filename).name}:{frame.lineno} {frame.name}")
        link = link.__cause__ or link.__context__
    return lines


def set_up(folder: Path) -> RotatingFileHandler:
    """Log warnings and worse of the whole program into `folder`/consilium.log, rotated at 1 MB, three old ones kept."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(folder / "consilium.log", maxBytes=LARGEST_BYTES, backupCount=KEPT, encoding="utf-8")
    handler.setLevel(logging.WARNING)
    handler.setFormatter(BareFormatter())
    logging.getLogger().addHandler(handler)
    return handler


def _plain(record: logging.LogRecord) -> bool:
    """Whether the message is one of our own fixed sentences: a template with arguments, or without any value in it.

    A message already formatted by its caller (an f-string) can't be told from a fixed one, so only our own loggers'
    templates are kept; libraries' messages are left out unless they came with arguments.
    """
    return bool(record.args) or record.name.startswith(("core", "ui", "main"))
