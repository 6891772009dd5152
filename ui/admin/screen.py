"""Administration: users, archives, policy and store at the left; the whole audit trail at the right."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from core.errors import UserError
from core.progress import Report
from core.store.users import SINGLE_DOCTOR, User
from ui.admin.policy import policy_lines
from ui.admin.trail import Trail
from ui.admin.users import ChangeUserDialog, NewUserDialog, PinDialog, UserRows
from ui.frame.jobstrip import JobStrip
from ui.pacs.state import ARCHIVES
from ui.session import Session
from ui.theme.theme import surface
from ui.translate import LANGUAGE, say, tr
from ui.widgets.button import Button
from ui.widgets.layout import band, column, panel, row, scroll
from ui.widgets.panels import PanelHeader
from ui.widgets.split import Columns
from ui.widgets.text import fixed, label


class Admin(QWidget):
    """Everything an administrator or auditor does."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        surface(self, "app")
        self._session = session
        self.users = UserRows()
        self.trail = Trail(session)
        self._alone, self._archives, self._policy, self._folder = (
            label("", "secondary", wrap=True, select=True) for _ in range(4)
        )
        self.add_user = Button("Add user…", "plus", small=True, on_click=self._add_user)
        self.my_pin = Button("My PIN…", "key", small=True, on_click=self._set_pin)
        self.configure = Button("Configure…", "sliders", small=True, on_click=self._configure)
        head = band(row(fixed("Administration and audit", "heading"), None, margins=(14, 0, 14, 0)), 48)
        self.columns = Columns("admin", session.settings)
        self.columns.add(scroll(self._left()), 400, 320, grows=False)
        self.columns.add(panel(column(self.trail, gap=0)), 1080, 600, grows=True)
        self.setLayout(column(head, self.columns, JobStrip(session.jobs), gap=0))
        self.layout().setStretch(1, 1)
        self.users.activated.connect(self._change_user)
        LANGUAGE.changed.connect(self._retranslate)
        ARCHIVES.changed.connect(self._say_archives)

    def _left(self) -> QWidget:
        tasks: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("Back up…", "download", self._task("ask_backup")),
            ("Restore a backup…", "upload", self._task("ask_restore")),
            ("Recover a damaged store…", "rotate", self._task("ask_recover")),
            ("Support bundle…", "doc", self._task("ask_bundle")),
            ("Deleted cases…", "x", self._show_deleted),
        )
        buttons = [row(Button(words, icon, on_click=act), None) for words, icon, act in tasks]
        parts = (
            PanelHeader("Users", self.my_pin, self.add_user), _padded(self._alone), self.users,
            PanelHeader("Archives", self.configure), _padded(self._archives),
            PanelHeader("Policy in force"), _padded(self._policy),
            PanelHeader("Store"), _padded(self._folder, *buttons), None,
        )  # fmt: skip
        return panel(column(*parts, gap=0))

    def _retranslate(self) -> None:
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Read again."""
        store = self._session.store

        def work(_report: Report) -> tuple[tuple[User, ...], bool, str]:
            return store.users.all(), store.users.single_doctor, say(store.key_protection())

        self._session.background("users", work, self._show)
        self._policy.setText("\n".join(f"{what}: {how}" for what, how in policy_lines(store.policy)))
        self._say_archives()
        self.trail.refresh()

    def _say_archives(self) -> None:
        names = ARCHIVES.names
        if names:
            self._archives.setText(tr("The program may connect to: {names}", names=", ".join(names)))
        else:
            self._archives.setText(tr("Off by default: the program connects to nothing before an archive here is on."))

    def _show(self, found: tuple[tuple[User, ...], bool, str]) -> None:
        users, alone, protection = found
        self.users.show_rows(users)
        self._alone.setText(say(SINGLE_DOCTOR) if alone else tr("{n} users. A click changes one.", n=len(users)))
        self.my_pin.setVisible(not alone)
        words = tr(
            "Encrypted (SQLCipher, AES-256), every page authenticated. Folder: {folder}",
            folder=self._session.store.folder,
        )
        self._folder.setText(f"{words}\n{protection}")

    # -- users -----------------------------------------------------------------------------------------------------

    def _add_user(self) -> None:
        users = self._session.store.users
        dialog = NewUserDialog(users.single_doctor, self)
        if dialog.exec():
            name, role = dialog.name.text().strip(), dialog.role.currentData()
            display, password, pin = dialog.display.text().strip(), dialog.password.text(), dialog.pin.text()
            self._do("add user", lambda: users.add(name, role, password, display=display, pin=pin))
        dialog.deleteLater()

    def _change_user(self, user: User) -> None:
        users = self._session.store.users
        dialog = ChangeUserDialog(user, self)
        if dialog.exec():
            role, active, password = dialog.role.currentData(), dialog.active.isChecked(), dialog.password.text()

            def work() -> None:
                if (role, active) != (user.role, user.active):
                    users.change(user.name, role=role, active=active)
                if password:
                    users.set_password(user.name, password)

            self._do("change user", work)
        dialog.deleteLater()

    def _set_pin(self) -> None:
        users, name = self._session.store.users, self._session.user
        dialog = PinDialog(name, self)
        if dialog.exec():
            password, pin = dialog.password.text(), dialog.pin.text()
            self._do("set pin", lambda: users.set_pin(name, pin, password=password))
        dialog.deleteLater()

    def _do(self, name: str, work: Callable[[], object]) -> None:
        """A change of users; hashing a password takes longer than the window may stand still."""
        self._session.background(name, lambda _r: work(), lambda _made: self.refresh())

    # -- archives and store ----------------------------------------------------------------------------------------

    def _configure(self) -> None:
        def work(_report: Report) -> None:
            import core.exchange  # noqa: F401  pydicom behind it loads too slowly for the window's thread

        self._session.background("archives", work, lambda _r: self._open_archives())

    def _open_archives(self) -> None:
        from ui.pacs.archives import ArchivesDialog

        try:
            dialog = ArchivesDialog(self._session, self)
        except UserError as error:
            self._session.messages.fail(error)
            return
        dialog.exec()
        dialog.deleteLater()
        self.refresh()

    def _task(self, name: str) -> Callable[[], object]:
        def act() -> object:
            from ui.admin import store_tasks

            return getattr(store_tasks, name)(self._session, self)

        return act

    def _show_deleted(self) -> None:
        from ui.admin.store_tasks import DeletedDialog

        dialog = DeletedDialog(self._session, self)
        dialog.exec()
        dialog.deleteLater()
        self.refresh()


def _padded(*items: object) -> QWidget:
    made = QWidget()
    made.setLayout(column(*items, gap=8, margins=(14, 10, 14, 12)))
    return made
