"""The one handler of failures: what the user can mend becomes a sentence in the bar, everything else is logged."""

import logging
import sys
from types import TracebackType

from PySide6.QtCore import QObject, Signal

from core.errors import UserError
from core.progress import Cancelled
from ui.translate import tr

log = logging.getLogger(__name__)


class Messages(QObject):
    """`shown(text, tone)`: tone is "red", "amber", "info" or "green"."""

    shown = Signal(str, str)

    def say(self, text: str, tone: str = "info") -> None:
        """Show one sentence."""
        self.shown.emit(text, tone)

    def fail(self, error: BaseException) -> None:
        """Show what the user can mend; log what is ours and say so plainly."""
        if isinstance(error, (Cancelled, KeyboardInterrupt)):
            return
        if isinstance(error, UserError):
            self.say(f"{tr(error.what)} {tr(error.next_step) if error.next_step else ''}".strip(), "amber")
            return
        log.error("unexpected failure", exc_info=error)
        text = tr("Something went wrong in the program. Your data is unchanged. The details are in the log.")
        self.say(text, "red")

    def catch_all(self) -> None:
        """Send failures in Qt slots here as well."""
        sys.excepthook = self._hook

    def _hook(self, _kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        self.fail(error)
