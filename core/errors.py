"""The two kinds of failure: what the user can mend, and everything else (which is our bug)."""


class UserError(Exception):
    """Something the user can mend: `what` is wrong, and what to do `next_step`.

    Shown as one clear sentence by the window's message bar and by the command line (exit code 2).
    Anything that is not a `UserError` (or `Cancelled`) is a bug: logged, exit code 1.
    """

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(f"{what} {next_step}".strip())
        self.what = what
        self.next_step = next_step


class Unreadable(UserError):
    """A file that could not be read; the rest of what was opened stays usable."""


class NewerFile(UserError):
    """A store, pack or package written by a newer version; refused, never altered."""
