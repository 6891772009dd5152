"""Progress without Qt: long core functions take a `Report`; calling it may raise `Cancelled`."""

from collections.abc import Callable

Report = Callable[[int, int, str], None]
"""`report(done, total, what)`; `total` 0 means unknown length. May raise `Cancelled`."""


class Cancelled(Exception):
    """The user cancelled. Not an error: nothing is logged and nothing is shown as failed."""


def silent(done: int, total: int, what: str) -> None:
    """A `Report` that ignores progress and never cancels."""
