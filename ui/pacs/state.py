"""Whether this program may connect to anything, for the badge and the status bar: read from the configuration."""

from PySide6.QtCore import QObject, Signal

from core.imaging.pacs_config import names_on
from ui.translate import tr


class ArchiveState(QObject):
    """The archives that are switched on; `changed` when they are others than before."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.names: tuple[str, ...] = ()

    def read(self) -> None:
        """Look again."""
        found = names_on()
        if found != self.names:
            self.names = found
            self.changed.emit()

    def words(self) -> str:
        """For the status bar."""
        if not self.names:
            return tr("Offline · no archive configured")
        return tr("May connect to: {names}", names=", ".join(self.names))

    def short(self) -> str:
        """The same for narrow windows."""
        return tr("Offline") if not self.names else ", ".join(self.names)


ARCHIVES = ArchiveState()
