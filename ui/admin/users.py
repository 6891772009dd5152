"""Users: adding one, changing role, access, password; one's own PIN."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from core.store.users import Role, User
from ui.dialogs import Dialog
from ui.theme import icons
from ui.translate import tr
from ui.widgets import paint
from ui.widgets.rows import PaintedRows
from ui.widgets.text import label

DUTIES = {
    Role.CLINICIAN: "sees, changes, decides, signs, exports",
    Role.REVIEWER: "sees, decides, signs",
    Role.ADMINISTRATOR: "manages users, store, archives and models; sees no patients by office",
    Role.AUDITOR: "reads the audit trail and nothing else",
}


class UserRows(PaintedRows):
    """Name, role, state."""

    def __init__(self) -> None:
        super().__init__(30, 14)

    def paint_row(self, painter: QPainter, rect: QRect, row: User) -> None:
        """Draw a row."""
        icons.draw(painter, "person", "text.2" if row.active else "text.3", rect.x(), rect.y() + 7, 15)
        paint.text(painter, rect.adjusted(24, 0, 0, 0), row.display or row.name, px=12, weight=500)
        role = tr(str(row.role)) if row.active else f"{tr(str(row.role))} · {tr('inactive')}"
        paint.text(painter, rect, role, "text.2", px=12, align=paint.RIGHT)

    def sentence(self, row: User) -> str:
        """A row in words."""
        return f"{row.display or row.name}, {tr(str(row.role))}"


def secret() -> QLineEdit:
    """A field that shows dots."""
    made = QLineEdit()
    made.setEchoMode(QLineEdit.EchoMode.Password)
    return made


class NewUserDialog(Dialog):
    """A new user. The first one is the administrator and ends the single-doctor mode, which is said."""

    def __init__(self, first: bool, parent: QWidget | None) -> None:
        super().__init__("Add user", "Add user", parent)
        self.name, self.display, self.password, self.again, self.pin = (
            QLineEdit(),
            QLineEdit(),
            secret(),
            secret(),
            secret(),
        )
        self.role, self.duty = QComboBox(), label("", "secondary", wrap=True)
        for role in [Role.ADMINISTRATOR] if first else list(Role):
            self.role.addItem(tr(str(role)), role)
        if first:
            words = tr(
                "The first user is the administrator. From then on everybody signs in, and an administrator sees no"
                " patients: add a clinician next."
            )
            self.form.addRow(label(words, "secondary", "amber", wrap=True))
        self.form.addRow(tr("Name"), self.name)
        self.form.addRow(tr("Shown as"), self.display)
        self.form.addRow(tr("Role"), self.role)
        self.form.addRow("", self.duty)
        self.form.addRow(tr("Password"), self.password)
        self.form.addRow(tr("Again"), self.again)
        self.form.addRow(tr("PIN (4 to 12 digits, to sign)"), self.pin)
        self.role.currentIndexChanged.connect(lambda _at: self._say_duty())
        self._say_duty()

    def _say_duty(self) -> None:
        self.duty.setText(tr(DUTIES[Role(self.role.currentData())]))

    def problem(self) -> str:
        """Both passwords the same; the rest is the store's to say."""
        if not self.name.text().strip():
            return tr("Write a name.")
        return "" if self.password.text() == self.again.text() else tr("The two passwords are not the same.")


class ChangeUserDialog(Dialog):
    """Role, access and a new password of a user."""

    def __init__(self, user: User, parent: QWidget | None) -> None:
        super().__init__("Change user", "Save", parent)
        self.user = user
        self.role, self.active, self.password, self.again = (
            QComboBox(),
            QCheckBox(tr("may sign in")),
            secret(),
            secret(),
        )
        for role in Role:
            self.role.addItem(tr(str(role)), role)
        self.role.setCurrentIndex(self.role.findData(user.role))
        self.active.setChecked(user.active)
        self.password.setPlaceholderText(tr("unchanged"))
        self.form.addRow(label(user.display or user.name, "title"))
        self.form.addRow(tr("Role"), self.role)
        self.form.addRow("", self.active)
        self.form.addRow(tr("New password"), self.password)
        self.form.addRow(tr("Again"), self.again)

    def problem(self) -> str:
        """Both passwords the same."""
        return "" if self.password.text() == self.again.text() else tr("The two passwords are not the same.")


class PinDialog(Dialog):
    """One's own signing PIN; nobody sets another's."""

    def __init__(self, name: str, parent: QWidget | None) -> None:
        super().__init__("Set my PIN", "Save", parent)
        self.password, self.pin, self.again = secret(), secret(), secret()
        self.form.addRow(label(name, "title"))
        self.form.addRow(tr("Password"), self.password)
        self.form.addRow(tr("PIN (4 to 12 digits, to sign)"), self.pin)
        self.form.addRow(tr("Again"), self.again)

    def problem(self) -> str:
        """Both PINs the same."""
        return "" if self.pin.text() == self.again.text() else tr("The two PINs are not the same.")
