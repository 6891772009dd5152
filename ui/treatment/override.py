"""Going on in spite of an alert: coded reasons, a text where the reason asks for it, a second PIN for Stop."""

from PySide6.QtWidgets import QWidget

from core.domain.plan import Alert, Tier
from core.errors import UserError
from core.treatment.override import allowed, override, reasons
from ui.dialogs import ReasonDialog
from ui.translate import say, tr
from ui.widgets.text import label


def reason_words(code: str) -> str:
    """A coded reason in words; the code itself (translated where known) for reasons of an earlier version."""
    found = next((one for one in reasons() if one.code == code), None)
    return say(found.label) if found else tr(code)


class OverrideDialog(ReasonDialog):
    """Asks for what `core.treatment.override` demands for this alert, and says so in its own words when it is missing."""

    def __init__(self, alert: Alert, user: str, parent: QWidget | None) -> None:
        stop = alert.tier is Tier.STOP
        listed = tuple((one.code, say(one.label)) for one in allowed(alert))
        super().__init__("Override" if stop else "Review", say(alert.title), listed, parent, second=stop)
        self._alert, self._user = alert, user
        advice = " · ".join(part for part in (say(alert.detail), say(alert.action)) if part)
        self.form.insertRow(1, label(advice, "caption", wrap=True))
        self.text.setPlaceholderText(tr("Explain in a sentence"))
        self.code.currentIndexChanged.connect(lambda _i: self._mark())
        self._mark()

    def _needs_text(self) -> bool:
        return any(one.needs_text for one in allowed(self._alert) if one.code == self.code.currentData())

    def _mark(self) -> None:
        self.text.setPlaceholderText(tr("Explain in a sentence") if self._needs_text() else tr("Optional"))

    def problem(self) -> str:
        """What is still missing, in the user's language; "" when the override may be kept."""
        if not self.code.currentData():
            return tr("Select a reason")
        if self._needs_text() and not self.text.text().strip():
            return tr("Explain in a sentence")
        if self._second and not self.second_user.text().strip():
            return tr("A Stop needs a second clinician.")
        if self._second and self.second_user.text().strip().casefold() == self._user.strip().casefold():
            return tr("The second clinician must be somebody else.")
        given = self.value()
        try:
            override(self._alert, given["reason"], given["text"], self._user, given["second_user"])
        except UserError as error:
            return str(error)
        return ""
