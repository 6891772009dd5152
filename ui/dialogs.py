"""Small dialogs: settings, lock, a reason, a PIN."""

from datetime import date

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QDialog, QDoubleSpinBox, QFormLayout, QLineEdit, QWidget

from core.diagnosis import surroundings
from core.domain.record import Identifier, Patient, Sex
from core.errors import UserError
from ui.session import Session
from ui.settings import Settings
from ui.theme.theme import THEME
from ui.translate import say, tr
from ui.widgets.button import Button
from ui.widgets.layout import column, row
from ui.widgets.panels import Icon
from ui.widgets.text import label

OTHER = "other"
LEAST_REASON = 10
OLDEST = 130.0
REJECT_REASONS = (
    ("excluded", "Excluded by a finding or test"),
    ("unlikely", "Unlikely in this patient"),
    ("wrong_input", "The finding behind it is wrong"),
    ("known", "Already known and treated"),
    (OTHER, "Other"),
)
OVERRIDE_REASONS = (
    ("benefit", "Benefit outweighs the risk"),
    ("tolerated", "Taken before and tolerated"),
    ("monitored", "Will be monitored"),
    ("wrong_record", "The record is wrong"),
    (OTHER, "Other"),
)


class Dialog(QDialog):
    """A form with Cancel and one action. The action is not the default button: Enter never decides."""

    def __init__(self, title: str, action: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr(title))
        self.setMinimumWidth(420)
        self.form = QFormLayout()
        self.form.setSpacing(10)
        self.error = label("", "secondary", "red", wrap=True)
        self.error.hide()
        self.ok = Button(action, kind="primary", on_click=self.try_accept)
        self.cancel = Button("Cancel", on_click=self.reject)
        for made in (self.ok, self.cancel):
            made.setAutoDefault(False)
        feet = row(None, self.cancel, self.ok)
        self.setLayout(column(self.form, self.error, feet, gap=14, margins=(20, 18, 20, 16)))
        THEME.dress(self)

    def problem(self) -> str:
        """What is missing; "" when the form is complete."""
        return ""

    def try_accept(self) -> None:
        """Accept when nothing is missing."""
        words = self.problem()
        self.error.setText(words)
        self.error.setVisible(bool(words))
        if not words:
            self.accept()


class ReasonDialog(Dialog):
    """A reason code and text; "other" needs at least 10 characters. `second` also asks for a second clinician's PIN."""

    def __init__(
        self,
        title: str,
        subject: str,
        reasons: tuple[tuple[str, str], ...],
        parent: QWidget | None,
        *,
        second: bool = False,
    ) -> None:
        super().__init__(title, title, parent)
        self.code = QComboBox()
        self.code.addItem(tr("Select a reason"), "")
        for key, words in reasons:
            self.code.addItem(tr(words), key)
        self.text = QLineEdit()
        self.text.setPlaceholderText(tr("Explain, at least 10 characters"))
        self.second_user, self.second_pin = QLineEdit(), QLineEdit()
        self.second_pin.setEchoMode(QLineEdit.EchoMode.Password)
        self._second = second
        self.form.addRow(label(subject, "medium", wrap=True))
        self.form.addRow(tr("Reason"), self.code)
        self.form.addRow(tr("Text"), self.text)
        if second:
            self.form.addRow(tr("Second clinician"), self.second_user)
            self.form.addRow(tr("Their PIN"), self.second_pin)
            hint = tr("Override also needs a second clinician PIN. It is written to the audit trail.")
            self.form.addRow(label(hint, "caption", wrap=True))

    def problem(self) -> str:
        """A reason; for "other" a text; for Stop a second clinician."""
        if not self.code.currentData():
            return tr("Select a reason")
        if self.code.currentData() == OTHER and len(self.text.text().strip()) < LEAST_REASON:
            return tr("Explain, at least 10 characters")
        if self._second and not self.second_user.text().strip():
            return tr("A Stop needs a second clinician.")
        return ""

    def value(self) -> dict[str, str]:
        """Arguments for `Session.decide`."""
        return {
            "reason": str(self.code.currentData()),
            "text": self.text.text().strip(),
            "second_user": self.second_user.text().strip(),
            "second_pin": self.second_pin.text(),
        }


class TextDialog(Dialog):
    """One line of text."""

    def __init__(self, title: str, subject: str, value: str, parent: QWidget | None) -> None:
        super().__init__(title, "Save", parent)
        self.text = QLineEdit(value)
        self.form.addRow(label(subject, "secondary", wrap=True))
        self.form.addRow(self.text)

    def problem(self) -> str:
        """Not empty."""
        return "" if self.text.text().strip() else tr("Write something first.")


class SignDialog(Dialog):
    """Sign: says what signing means; asks the PIN where there are users."""

    def __init__(self, session: Session, name: str, parent: QWidget | None) -> None:
        super().__init__("Sign case", "Sign", parent)
        self.pin = QLineEdit()
        self.pin.setEchoMode(QLineEdit.EchoMode.Password)
        self.form.addRow(label(name, "title"))
        words = tr("A signed case is read-only. Later changes are addenda.")
        self.form.addRow(label(words, "secondary", wrap=True))
        self.form.addRow(tr("Signed by"), label(session.user, "medium"))
        if not session.store.users.single_doctor:
            self.form.addRow(tr("PIN"), self.pin)


def place_choice(chosen: str) -> QComboBox:
    """The regions that prevalence is known for; the first entry says that it is not known."""
    made = QComboBox()
    made.addItem(tr("not stated"), "")
    for place in surroundings.load().places:
        made.addItem(say(place.label), place.id)
    made.setCurrentIndex(max(0, made.findData(chosen)))
    return made


class NewCaseDialog(Dialog):
    """Who the case is about. Only what is known is written down: no default age, no default sex."""

    def __init__(self, parent: QWidget, place: str = "") -> None:
        super().__init__("New case", "Create", parent)
        self.place = place_choice(place)
        self.name, self.number, self.reason, self.born = QLineEdit(), QLineEdit(), QLineEdit(), QLineEdit()
        self.born.setPlaceholderText("1958-03-02")
        self.age, self.sex = QDoubleSpinBox(), QComboBox()
        self.age.setRange(-1.0, OLDEST)
        self.age.setDecimals(1)
        self.age.setSpecialValueText(tr("unknown"))
        self.age.setValue(-1.0)
        for sex in (Sex.UNKNOWN, Sex.FEMALE, Sex.MALE, Sex.OTHER):
            self.sex.addItem(tr(str(sex)), sex)
        self.form.addRow(tr("Name"), self.name)
        self.form.addRow(tr("Patient number"), self.number)
        self.form.addRow(tr("Born"), self.born)
        self.form.addRow(tr("or age in years"), self.age)
        self.form.addRow(tr("Sex"), self.sex)
        self.form.addRow(tr("Lives in"), self.place)
        self.form.addRow(tr("Reason for encounter"), self.reason)

    def _birth_date(self) -> date | None:
        return date.fromisoformat(self.born.text().strip()) if self.born.text().strip() else None

    def problem(self) -> str:
        """A birth date that can't be read."""
        try:
            born = self._birth_date()
        except ValueError:
            return tr("Write the date as year-month-day, for example 1958-03-02.")
        return tr("The birth date lies in the future.") if born and born > date.today() else ""

    def patient(self) -> Patient:
        """What was written."""
        age = self.age.value()
        number = self.number.text().strip()
        return Patient(
            name=self.name.text().strip(),
            birth_date=self._birth_date(),
            sex=Sex(self.sex.currentData()),
            age_years=None if age < 0 else age,
            identifiers=(Identifier("local", number),) if number else (),
            place=str(self.place.currentData()),
        )


class SettingsDialog(Dialog):
    """Name, theme, language, and where the clinic is."""

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__("Settings", "Save", parent)
        self._settings = settings
        self.name = QLineEdit(str(settings.get("user")))
        self.theme, self.language = QComboBox(), QComboBox()
        for key, words in (("dark", tr("Dark")), ("light", tr("Light"))):
            self.theme.addItem(words, key)
        for key, words in (("en", "English"), ("zh", "简体中文")):
            self.language.addItem(words, key)
        self.theme.setCurrentIndex(self.theme.findData(settings.get("theme")))
        self.language.setCurrentIndex(self.language.findData(settings.get("language")))
        self.form.addRow(tr("Your name"), self.name)
        self.form.addRow(tr("Theme"), self.theme)
        self.form.addRow(tr("Language"), self.language)
        self.place = place_choice(str(settings.get("place")))
        self.place.setToolTip(tr("Local diseases and the season then count in the ranking, as shares of their own."))
        self.form.addRow(tr("Region of the clinic"), self.place)

    def accept(self) -> None:
        """Keep them."""
        self._settings.set("user", self.name.text().strip())
        self._settings.set("theme", self.theme.currentData())
        self._settings.set("language", self.language.currentData())
        self._settings.set("place", self.place.currentData())
        super().accept()


class LockDialog(QDialog):
    """Covers the window. Where there are users the password opens it, otherwise one button."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.FramelessWindowHint | Qt.WindowType.Dialog)
        self._session = session
        self.setObjectName("app")
        self.setGeometry(parent.window().geometry())
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.setFixedWidth(240)
        self.password.setPlaceholderText(tr("Password"))
        self.error = label("", "secondary", "red")
        self._alone = session.store.users.single_doctor
        self.password.setVisible(not self._alone)
        name = label(session.user, "heading")
        open_button = Button("Unlock", "lock", kind="primary", on_click=self.unlock)
        parts = (None, Icon("lock", "text.2", 24), name, self.password, self.error, open_button, None)
        held = column(*(row(None, p, None) if isinstance(p, QWidget) else p for p in parts), gap=12)
        self.setLayout(held)
        THEME.dress(self)
        self.password.returnPressed.connect(self.unlock)

    def unlock(self) -> None:
        """Check the password where there is one."""
        if not self._alone:
            try:
                self._session.store.users.sign_in(self._session.user, self.password.text())
            except UserError as error:
                self.error.setText(str(error))
                return
        self.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc does not unlock."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
