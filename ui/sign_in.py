"""What has to be answered before the window opens: the store's passphrase, and who signs in."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QLineEdit, QWidget

from core.errors import UserError
from core.store import keys
from core.store.policy import load_policy
from core.store.store import Store, default_folder
from ui.dialogs import Dialog
from ui.settings import Settings
from ui.translate import tr
from ui.widgets.text import label


class PassphraseDialog(Dialog):
    """Opens the store with a passphrase, or chooses one for a new store (asked twice)."""

    def __init__(self, path: Path | None, *, new: bool, parent: QWidget | None = None) -> None:
        super().__init__("Passphrase", "Open", parent)
        self._path, self._new = path, new
        self.store: Store | None = None
        self.words, self.again = QLineEdit(), QLineEdit()
        for field in (self.words, self.again):
            field.setEchoMode(QLineEdit.EchoMode.Password)
        hint = (
            tr("Choose a passphrase for the store. It cannot be recovered: keep it safe.")
            if new
            else tr("This store is protected by a passphrase.")
        )
        self.form.addRow(label(hint, "secondary", wrap=True))
        self.form.addRow(tr("Passphrase"), self.words)
        if new:
            self.form.addRow(tr("Once more"), self.again)
        self.words.returnPressed.connect(self.again.setFocus if new else self.try_accept)
        self.again.returnPressed.connect(self.try_accept)

    def problem(self) -> str:
        """Why the store stays shut."""
        if not self.words.text():
            return tr("Write the passphrase.")
        if self._new and self.words.text() != self.again.text():
            return tr("The two differ.")
        try:
            self.store = Store.open(self._path, passphrase=self.words.text())
        except UserError as error:
            self.words.selectAll()
            return f"{tr(error.what)} {tr(error.next_step)}".strip()
        return ""


class SignInDialog(Dialog):
    """Name and password, in a practice with users."""

    def __init__(self, store: Store, name: str, parent: QWidget | None = None) -> None:
        super().__init__("Sign in", "Sign in", parent)
        self._store = store
        self.name, self.password = QLineEdit(name), QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.form.addRow(tr("Name"), self.name)
        self.form.addRow(tr("Password"), self.password)
        self.password.returnPressed.connect(self.try_accept)
        (self.password if name else self.name).setFocus()

    def problem(self) -> str:
        """Why not."""
        try:
            self._store.users.sign_in(self.name.text().strip(), self.password.text())
        except UserError as error:
            self.password.clear()
            return f"{tr(error.what)} {tr(error.next_step)}".strip()
        return ""


def needs_passphrase(path: Path | None = None) -> tuple[bool, bool]:
    """(a passphrase is needed, it is a new one)."""
    keyfile = keys.read(path or default_folder())
    if keyfile is None:
        return load_policy().passphrase_required, True
    return keyfile.protection == keys.Protection.PASSPHRASE, False


def open_store(
    path: Path | None = None, ask: Callable[[PassphraseDialog], int] = PassphraseDialog.exec
) -> Store | None:
    """The open store; None where the user gave up. Raises UserError for a store that cannot be opened at all."""
    needed, new = needs_passphrase(path)
    if not needed:
        return Store.open(path)
    dialog = PassphraseDialog(path, new=new)
    found = dialog.store if ask(dialog) else None
    dialog.deleteLater()
    return found


def sign_in(store: Store, settings: Settings, ask: Callable[[SignInDialog], int] = SignInDialog.exec) -> bool:
    """Whether somebody may work: at once where there are no users."""
    if store.users.single_doctor:
        return True
    dialog = SignInDialog(store, str(settings.get("user") or ""))
    signed_in = bool(ask(dialog))
    dialog.deleteLater()
    return signed_in
