"""Administration of archives: which peers there are, how they are reached, whether they are on; a test of each."""

from dataclasses import dataclass, replace

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QCheckBox, QDialog, QFormLayout, QLineEdit, QSpinBox, QWidget

from core.errors import UserError
from core.exchange import PASSWORDS, Archive, ask_echo, configure
from core.imaging.pacs import Peer
from core.imaging.pacs_config import Entry, address, check, entries, is_web, secured
from core.imaging.pacs_web import WebPeer
from core.progress import Report
from ui.pacs.state import ARCHIVES
from ui.session import Session
from ui.theme import icons
from ui.theme.theme import THEME, color
from ui.translate import tr
from ui.widgets import paint
from ui.widgets.button import Button
from ui.widgets.layout import column, line, panel, row, scroll
from ui.widgets.panels import Segmented, Strip
from ui.widgets.rows import PaintedRows
from ui.widgets.text import label

KINDS = (("dicom", "DICOM"), ("web", "DICOMweb"))


@dataclass(frozen=True, slots=True)
class Item:
    """An archive being edited."""

    name: str
    entry: Entry
    password: str = ""


class ArchiveRows(PaintedRows):
    """Name, address, off or on."""

    def __init__(self) -> None:
        super().__init__(42, 14)
        self.selected = 0

    def paint_row(self, painter: QPainter, rect: QRect, row: Item) -> None:
        """Draw a row."""
        if self.rows.index(row) == self.selected and self.clickable:
            painter.fillRect(rect.adjusted(-14, 0, 14, 0), color("bg.selected"))
        on, top = row.entry.on, QRect(rect.x(), rect.y() + 3, rect.width(), 18)
        icons.draw(painter, "link" if on else "wifioff", "amber" if on else "text.3", rect.x(), rect.y() + 13, 15)
        words = tr("on") if on else tr("off")
        used = paint.width(words, 12) + 8
        paint.text(painter, top, words, "amber" if on else "text.3", px=12, align=paint.RIGHT)
        paint.text(painter, top.adjusted(24, 0, -used, 0), row.name or tr("no name"), px=12, weight=500)
        where = QRect(rect.x() + 24, rect.y() + 20, rect.width() - 24, 18)
        secure = " · TLS" if secured(row.entry.archive) else ""
        paint.text(painter, where, address(row.entry.archive) + secure, "text.2", px=11)

    def sentence(self, row: Item) -> str:
        """A row in words."""
        return f"{row.name}, {address(row.entry.archive)}, {tr('on') if row.entry.on else tr('off')}"


class ArchiveForm(QWidget):
    """The fields of one archive; those of the other kind are hidden."""

    def __init__(self) -> None:
        super().__init__()
        self.kind = Segmented(KINDS, "dicom", translate=False)
        self.name, self.host, self.url, self.user = QLineEdit(), QLineEdit(), QLineEdit(), QLineEdit()
        self.called, self.calling, self.password = QLineEdit(), QLineEdit(), QLineEdit()
        self.port, self.listen = QSpinBox(), QSpinBox()
        self.ca, self.cert, self.key = QLineEdit(), QLineEdit(), QLineEdit()
        self.on = QCheckBox(tr("On: the program may connect to it"))
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        for title in (self.called, self.calling):
            title.setMaxLength(16)
        self.port.setRange(1, 65535)
        self.listen.setRange(0, 65535)
        self.listen.setSpecialValueText(tr("C-GET (no port is opened)"))
        self.url.setPlaceholderText("https://pacs.example/dicom-web")
        self.ca.setPlaceholderText(tr("PEM file; empty: no TLS"))
        self._form = QFormLayout()
        self._form.setSpacing(8)
        rows = (
            ("Archive name", self.name), ("Kind", self.kind), ("Address", self.host), ("Port", self.port),
            ("Its AE title", self.called), ("Our AE title", self.calling), ("C-MOVE port", self.listen),
            ("Address (URL)", self.url), ("User", self.user), ("Password", self.password),
            ("Its certificate authority", self.ca), ("Our certificate", self.cert), ("Our key", self.key),
        )  # fmt: skip
        for words, field in rows:
            self._form.addRow(tr(words), field)
            field.setAccessibleName(tr(words))
        self._form.addRow(self.on)
        self.setLayout(self._form)
        self.kind.chosen.connect(lambda _kind: self._fit())
        self._fit()

    def _fit(self) -> None:
        web = self.kind.value() == "web"
        for field in (self.url, self.user, self.password):
            self._form.setRowVisible(field, web)
        for other in (self.host, self.port, self.called, self.calling, self.listen):
            self._form.setRowVisible(other, not web)

    def show_item(self, item: Item) -> None:
        """Fill the fields."""
        archive = item.entry.archive
        self.kind.set_value("web" if is_web(archive) else "dicom")
        self.name.setText(item.name)
        self.on.setChecked(item.entry.on)
        self.password.setText(item.password)
        peer = archive if isinstance(archive, Peer) else Peer("", 104, "")
        web = archive if isinstance(archive, WebPeer) else WebPeer("")
        for field, value in (
            (self.host, peer.host), (self.called, peer.called), (self.calling, peer.calling), (self.url, web.url),
            (self.user, web.user), (self.ca, archive.ca_file), (self.cert, archive.cert_file), (self.key, archive.key_file),
        ):  # fmt: skip
            field.setText(value)
        self.port.setValue(peer.port)
        self.listen.setValue(peer.listen_port)
        self._fit()

    def item(self) -> Item:
        """What stands in the fields."""
        files = {
            "ca_file": self.ca.text().strip(),
            "cert_file": self.cert.text().strip(),
            "key_file": self.key.text().strip(),
        }
        archive: Archive
        if self.kind.value() == "web":
            archive = WebPeer(self.url.text().strip().rstrip("/"), self.user.text().strip(), **files)
        else:
            titles = self.called.text().strip(), self.calling.text().strip()
            archive = Peer(
                self.host.text().strip(), self.port.value(), *titles, **files, listen_port=self.listen.value()
            )
        password = self.password.text() if self.kind.value() == "web" else ""
        return Item(self.name.text().strip(), Entry(archive, self.on.isChecked()), password)


class ArchivesDialog(QDialog):
    """All archives at the left, one at the right. Nothing is kept before Save; a new one is off."""

    def __init__(self, session: Session, parent: QWidget | None) -> None:
        super().__init__(parent)
        THEME.dress(self)
        self.setWindowTitle(tr("Archives"))
        self.resize(820, 620)
        self._session = session
        passwords: dict[str, str] = session.store.setting(PASSWORDS, {})
        self.items = [Item(name, entry, passwords.get(name, "")) for name, entry in entries().items()]
        self._at = -1
        self.rows, self.form, self.said = ArchiveRows(), ArchiveForm(), Strip("info", "info")
        self.said.hide()
        add = Button("Add archive", "plus", on_click=self.add)
        self.remove = Button("Remove", "x", on_click=self.drop)
        self.test = Button("Test connection", "bolt", on_click=self.try_it)
        self.save = Button("Save", kind="primary", on_click=self.keep)
        cancel = Button("Cancel", on_click=self.reject)
        for made in (add, self.remove, self.test, self.save, cancel):
            made.setAutoDefault(False)
        words = tr("Off by default: the program connects to nothing before an archive here is on.")
        hint = label(self._policy() or words, "secondary", wrap=True)
        left = QWidget()
        left.setLayout(
            column(scroll(panel(column(self.rows, None, gap=0))), row(add, None, margins=(10, 6, 10, 8)), gap=0)
        )
        left.setFixedWidth(300)
        right = column(scroll(panel(column(self.form, None, margins=(14, 10, 14, 10)))),
                       row(self.test, self.remove, None, margins=(14, 6, 14, 8)), gap=0)  # fmt: skip
        middle = row(left, line("v"), right, gap=0)
        middle.setStretch(2, 1)
        top, feet = QWidget(), row(None, cancel, self.save, margins=(14, 8, 14, 10))
        top.setLayout(column(hint, margins=(14, 10, 14, 10)))
        self.setLayout(column(top, line(), middle, self.said, line(), feet, gap=0))
        self.layout().setStretch(2, 1)
        self.rows.activated.connect(self._chosen)
        self._show(0 if self.items else -1)

    def _policy(self) -> str:
        allowed = self._session.store.policy.pacs_peers
        if allowed is None:
            return ""
        if not allowed:
            return tr("Your organisation's policy allows no archive.")
        return tr("Your organisation's policy allows only: {names}", names=", ".join(allowed))

    def _chosen(self, item: Item) -> None:
        self._take()
        self._show(self.rows.rows.index(item))

    def _take(self) -> None:
        if 0 <= self._at < len(self.items):
            self.items[self._at] = self.form.item()

    def _show(self, at: int) -> None:
        self._at = self.rows.selected = at
        self.rows.show_rows(self.items)
        for made in (self.form, self.remove, self.test):
            made.setEnabled(at >= 0)
        if at >= 0:
            self.form.show_item(self.items[at])

    def add(self) -> None:
        """A new archive, off."""
        self._take()
        self.items.append(Item("", Entry(Peer("", 104, ""), on=False)))
        self._show(len(self.items) - 1)
        self.form.name.setFocus()

    def drop(self) -> None:
        """Take the chosen one off the list."""
        if self._at >= 0:
            del self.items[self._at]
            self._show(min(self._at, len(self.items) - 1))

    def try_it(self) -> None:
        """C-ECHO, or a query that finds nothing: asked in the background, as it stands in the fields."""
        item, store = self.form.item(), self._session.store
        archive = item.entry.archive
        if isinstance(archive, WebPeer):
            archive = replace(archive, password=item.password)

        def work(_report: Report) -> None:
            check(item.name or "test", item.entry)
            ask_echo(store, archive)

        self.test.setEnabled(False)
        self.say(tr("Asking {name}", name=address(archive)), "info")
        self._session.jobs.start(
            "Archive test", work, lambda _r: self._tested(tr("It answers.")), kind="archive test", failed=self._failed
        )

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, UserError):
            self._tested(str(error), "red")
            return
        self._tested(f"{tr(error.what)} {tr(error.next_step) if error.next_step else ''}".strip(), "amber")

    def _tested(self, words: str, tone: str = "green") -> None:
        from shiboken6 import isValid

        if isValid(self):
            self.test.setEnabled(self._at >= 0)
            self.say(words, tone)

    def say(self, words: str, tone: str) -> None:
        """A sentence under the form."""
        self.said.show()
        self.said.show_words(words, tone, {"green": "check", "info": "info"}.get(tone, "alert"))

    def keep(self) -> None:
        """Write the configuration; what is wrong is said and nothing is kept."""
        self._take()
        names = [item.name for item in self.items]
        twice = next((name for name in names if names.count(name) > 1), None)
        try:
            if twice is not None:
                raise UserError("Two archives have the same name.", "Give each its own.")
            wanted = {item.name: item.entry for item in self.items}
            secrets = {item.name: item.password for item in self.items}
            configure(self._session.store, wanted, secrets, self._session.user)
        except UserError as error:
            self._failed(error)
            return
        ARCHIVES.read()
        self.accept()
