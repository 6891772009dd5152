"""What an administrator does with the store, in the background: backup, restore, recovery, support bundle, deleted cases."""

from pathlib import Path

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QDialog, QFileDialog, QLineEdit, QSpinBox, QWidget

from core import paths
from core.progress import Report
from core.store import backup
from core.store.recovery import Recovered, recover
from core.store.retention import DeletedCase, deleted_cases, older_than, purge_older_than
from core.store.support import write_bundle
from core.store.users import Permission
from ui.admin.users import secret
from ui.dialogs import Dialog
from ui.jobs import Job
from ui.report.audit import local_time
from ui.session import Session
from ui.theme import icons
from ui.theme.theme import THEME
from ui.translate import tr
from ui.widgets import paint
from ui.widgets.button import Button
from ui.widgets.layout import column, line, panel, row, scroll
from ui.widgets.panels import StatePanel
from ui.widgets.rows import PaintedRows
from ui.widgets.text import label

KEPT_DAYS = 30


class FolderDialog(Dialog):
    """Two folders or one, and a passphrase."""

    def __init__(self, title: str, action: str, fields: tuple[tuple[str, str], ...], parent: QWidget | None, *,
                 hint: str, passphrase: str = "", twice: bool = False) -> None:  # fmt: skip
        super().__init__(title, action, parent)
        self.setMinimumWidth(560)
        self.folders: dict[str, QLineEdit] = {}
        self.passphrase, self.again = secret(), secret()
        self._asks, self._twice = bool(passphrase), twice
        self.form.addRow(label(hint, "secondary", wrap=True))
        for key, words in fields:
            self._add(key, words)
        if passphrase:
            self.form.addRow(passphrase, self.passphrase)
        if twice:
            self.form.addRow(tr("Again"), self.again)

    def _add(self, key: str, words: str) -> None:
        field = self.folders[key] = QLineEdit()
        field.setAccessibleName(words)

        def choose() -> None:
            found = QFileDialog.getExistingDirectory(self, words)
            if found:
                field.setText(found)

        browse = Button("Choose…", "folder", on_click=choose)
        browse.setAutoDefault(False)
        self.form.addRow(words, row(field, browse))

    def problem(self) -> str:
        """Every folder, and a passphrase of some length."""
        if not all(field.text().strip() for field in self.folders.values()):
            return tr("Choose a folder.")
        if self._asks and not self.passphrase.text():
            return tr("Write the passphrase.")
        if self._twice and self.passphrase.text() != self.again.text():
            return tr("The two passphrases are not the same.")
        return ""

    def folder(self, key: str) -> Path:
        """What was chosen."""
        return Path(self.folders[key].text().strip())


def ask_backup(session: Session, parent: QWidget) -> Job | None:
    """Ask where, then back up."""
    hint = tr(
        "Adds an encrypted snapshot and verifies it by restoring it. Only what changed is written. The passphrase is the"
        " backup's own: without it nobody can restore, you neither."
    )
    dialog = FolderDialog("Back up", "Back up", (("to", tr("Folder, on another disk")),), parent, hint=hint,
                          passphrase=tr("Passphrase of the backup"), twice=True)  # fmt: skip
    taken, folder, secret_words = bool(dialog.exec()), dialog.folder("to"), dialog.passphrase.text()
    dialog.deleteLater()
    return start_backup(session, folder, secret_words) if taken else None


def start_backup(session: Session, folder: Path, passphrase: str) -> Job:
    """Back up in the background."""
    store = session.store

    def work(report: Report) -> backup.Outcome:
        return backup.back_up(store, folder, passphrase, report)

    def done(made: backup.Outcome) -> None:
        words = tr("Snapshot {n}: {cases} cases, {size} MB written, restored and found whole",
                   n=made.number, cases=made.cases, size=f"{made.bytes_written / 1e6:.1f}")  # fmt: skip
        session.messages.say(words, "green")

    return session.jobs.start("Backup", work, done, kind="backup")


def ask_restore(session: Session, parent: QWidget) -> Job | None:
    """Ask from where and where to, then restore beside the present store."""
    hint = tr(
        "Writes the newest snapshot into an empty folder. The store in use is not touched: start the program with"
        " CONSILIUM_PROFILE or move the folder to use the restored one."
    )
    dialog = FolderDialog("Restore a backup", "Restore", (("from", tr("Folder of the backup")), ("to", tr("Empty folder"))),
                          parent, hint=hint, passphrase=tr("Passphrase of the backup"))  # fmt: skip
    taken, passphrase = bool(dialog.exec()), dialog.passphrase.text()
    source, target = dialog.folder("from"), dialog.folder("to")
    dialog.deleteLater()
    return start_restore(session, source, target, passphrase) if taken else None


def start_restore(session: Session, source: Path, target: Path, passphrase: str) -> Job:
    """Restore in the background."""
    store, user = session.store, session.user

    def work(report: Report) -> backup.Snapshot:
        who = store.users.require(Permission.MANAGE_STORE, "" if not store.users.single_doctor else user)
        made = backup.restore(source, passphrase, target, report=report)
        store.audit.add_or_keep("restore", who, number=made.number, cases=made.cases)
        return made

    def done(made: backup.Snapshot) -> None:
        words = tr("Snapshot {n} of {time}: {cases} cases in {folder}", n=made.number, time=local_time(made.at),
                   cases=made.cases, folder=target)  # fmt: skip
        session.messages.say(words, "green")

    return session.jobs.start("Restore", work, done, kind="restore")


def ask_recover(session: Session, parent: QWidget) -> Job | None:
    """Ask which damaged store and where to, then copy what can be read."""
    hint = tr(
        "Copies what can be read of a damaged store into a new one. The damaged files are only read. Signed cases arrive"
        " as to be reviewed: the new store can't vouch for them."
    )
    fields = (("from", tr("Folder of the damaged store")), ("to", tr("Empty folder")))
    dialog = FolderDialog("Recover a damaged store", "Recover", fields, parent, hint=hint)
    dialog.folders["from"].setText(str(session.store.folder))
    taken, source, target = bool(dialog.exec()), dialog.folder("from"), dialog.folder("to")
    dialog.deleteLater()
    return start_recover(session, source, target) if taken else None


def start_recover(session: Session, source: Path, target: Path) -> Job:
    """Recover in the background."""
    store = session.store

    def work(report: Report) -> Recovered:
        who = store.users.require(Permission.MANAGE_STORE)
        found = recover(source, target, report=report)
        store.audit.add_or_keep("recover", who, saved=len(found.saved), lost=len(found.lost))
        return found

    def done(found: Recovered) -> None:
        words = tr("{n} cases recovered, {m} lost: {folder}", n=len(found.saved), m=len(found.lost), folder=target)
        session.messages.say(words, "amber" if found.lost else "green")

    return session.jobs.start("Recovery", work, done, kind="recover")


def ask_bundle(session: Session, parent: QWidget) -> Job | None:
    """Ask where, then write the support bundle."""
    path, _kind = QFileDialog.getSaveFileName(parent, tr("Support bundle"), "consilium-support.zip", "ZIP (*.zip)")
    return start_bundle(session, Path(path)) if path else None


def start_bundle(session: Session, path: Path) -> Job:
    """Versions, counts, checks and logs without patient data."""
    store = session.store

    def done(names: tuple[str, ...]) -> None:
        session.messages.say(
            tr("{n} texts written: {name}. Read them before you send them.", n=len(names), name=path.name), "green"
        )

    def work(_report: Report) -> tuple[str, ...]:
        store.users.require(Permission.MANAGE_STORE)
        return write_bundle(store, path, paths.profile() / "logs")

    return session.jobs.start("Support bundle", work, done, kind="bundle")


class DeletedRows(PaintedRows):
    """When, who, why."""

    def __init__(self) -> None:
        super().__init__(30, 14)

    def paint_row(self, painter: QPainter, rect: QRect, row: DeletedCase) -> None:
        """Draw a row."""
        icons.draw(painter, "undo", "text.2", rect.x(), rect.y() + 7, 15)
        paint.text(painter, rect.adjusted(24, 0, 0, 0), local_time(row.at), "text.2", px=12)
        paint.text(painter, rect.adjusted(170, 0, 0, 0), row.user, px=12)
        paint.text(painter, rect.adjusted(300, 0, -130, 0), row.reason, px=12)
        paint.text(painter, rect, row.id, "text.3", px=11, align=paint.RIGHT)

    def sentence(self, row: DeletedCase) -> str:
        """A row in words."""
        return f"{local_time(row.at)} {row.user}: {row.reason}"


class DeletedDialog(QDialog):
    """Deleted cases: a click brings one back; purging removes the older ones for good."""

    def __init__(self, session: Session, parent: QWidget | None) -> None:
        super().__init__(parent)
        THEME.dress(self)
        self.setWindowTitle(tr("Deleted cases"))
        self.resize(680, 460)
        self._session = session
        self.cases: tuple[DeletedCase, ...] = ()
        self.rows, self.days = DeletedRows(), QSpinBox()
        self.days.setRange(0, 3650)
        self.days.setValue(int(session.store.setting("purge_days", KEPT_DAYS)))
        self.days.setSuffix(" " + tr("days"))
        self.empty = StatePanel("check", "No deleted case")
        self.purge = Button("Purge for good", "x", kind="danger", on_click=self.start_purge)
        close = Button("Close", on_click=self.accept)
        for made in (self.purge, close):
            made.setAutoDefault(False)
        words = tr(
            "A click brings a case back. Purged cases can't come back; the audit trail keeps that they were there."
        )
        feet = row(
            label(tr("Deleted at least"), "secondary"), self.days, self.purge, None, close, margins=(14, 8, 14, 10)
        )
        hint = column(label(words, "secondary", wrap=True), margins=(14, 10, 14, 8))
        self.setLayout(
            column(hint, line(), scroll(panel(column(self.empty, self.rows, None, gap=0))), line(), feet, gap=0)
        )
        self.layout().setStretch(2, 1)
        self.rows.activated.connect(self.bring_back)
        self.days.valueChanged.connect(lambda _n: self._count())
        self.refresh()

    def refresh(self) -> None:
        """Read again, in the background."""
        store = self._session.store
        self._session.background("deleted cases", lambda _r: deleted_cases(store), self._show)

    def _show(self, found: tuple[DeletedCase, ...]) -> None:
        from shiboken6 import isValid

        if isValid(self):
            self.cases = found
            self.rows.show_rows(found)
            self.empty.setVisible(not found)
            self._count()

    def _count(self) -> None:
        self.purge.setEnabled(older_than(self.cases, self.days.value(), self._session.now()) > 0)

    def bring_back(self, case: DeletedCase) -> None:
        """Back onto the worklist."""
        store, user = self._session.store, self._session.user
        self._session.background("undelete", lambda _r: store.restore_deleted(case.id, user), self._changed)

    def start_purge(self) -> Job:
        """Remove for good what was deleted long enough ago."""
        store, user, days, now = self._session.store, self._session.user, self.days.value(), self._session.now()

        def work(_report: Report) -> int:
            store.set_setting("purge_days", days)
            return purge_older_than(store, days, now, user)

        def done(count: int) -> None:
            self._session.messages.say(tr("{n} cases purged", n=count), "green")
            self._changed(None)

        return self._session.jobs.start("Purge", work, done, kind="purge")

    def _changed(self, _case: object) -> None:
        from shiboken6 import isValid

        self._session.refresh()
        if isValid(self):
            self.refresh()
