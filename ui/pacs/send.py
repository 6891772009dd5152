"""What of a case goes out as DICOM: into a folder, or to an archive."""

import tempfile
from pathlib import Path

from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QWidget

from core import dicom_report, exchange
from core.domain.case import Case
from core.progress import Report
from core.store.policy import refuse_export
from core.store.users import Permission
from ui.dialogs import Dialog
from ui.jobs import Job
from ui.pacs.state import ARCHIVES
from ui.session import Session
from ui.translate import tr
from ui.widgets.text import label

WORDS = {
    "sr": "Measurements and accepted model findings (SR)", "ko": "Key images (KO)", "seg": "Drawn regions (SEG)",
    "pdf": "Report as PDF", "sc": "Report as pictures (Secondary Capture)",
}  # fmt: skip
DEFAULT = ("sr", "ko", "seg", "pdf")


class SendDialog(Dialog):
    """Which objects, and where to."""

    def __init__(self, case: Case, parent: QWidget | None) -> None:
        super().__init__("DICOM export", "Write", parent)
        self.boxes = {kind: QCheckBox(tr(words)) for kind, words in WORDS.items()}
        self.where = QComboBox()
        self.where.addItem(tr("A folder"), "")
        for name in ARCHIVES.names:
            self.where.addItem(tr("Archive {name}", name=name), name)
        counts = available(case)
        for kind, box in self.boxes.items():
            box.setEnabled(counts[kind] > 0)
            box.setChecked(kind in DEFAULT and counts[kind] > 0)
            self.form.addRow(box)
        if not any(counts.values()):
            words = tr("The case has no DICOM image to belong to.")
            self.form.addRow(label(words, "secondary", "amber", wrap=True))
        words = tr("Model findings go out only once a diagnosis they speak for was accepted, or the case was signed.")
        self.form.addRow(label(words, "secondary", wrap=True))
        self.form.addRow(tr("To"), self.where)

    def problem(self) -> str:
        """Something has to be chosen."""
        return "" if self.kinds() else tr("Choose what to write.")

    def kinds(self) -> tuple[str, ...]:
        """What is ticked."""
        return tuple(kind for kind, box in self.boxes.items() if box.isChecked())


def available(case: Case) -> dict[str, int]:
    """How many things of each kind a case has, as far as the case itself says."""
    stored = any(image.sop_instance_uid for image in case.images)
    marks = [m for m in case.measurements if not m.image_id.startswith("cut:")]
    counts = {
        "sr": sum(1 for m in marks if m.values) + len(dicom_report.accepted_findings(case)),
        "ko": sum(1 for m in marks if m.kind == dicom_report.KEY),
        "seg": sum(1 for m in marks if m.kind in ("ellipse", "rectangle", "freehand")),
        "pdf": 1, "sc": 1,
    }  # fmt: skip
    return counts if stored else dict.fromkeys(counts, 0)


def start_write(session: Session, case: Case, kinds: tuple[str, ...], folder: Path, language: str) -> Job:
    """Write the objects into a folder, in the background."""
    store, user = session.store, session.user

    def work(report: Report) -> int:
        who = store.users.require(Permission.EXPORT, user)
        refuse_export(store.policy)
        made = dicom_report.write_objects(
            opened(session, case), kinds, folder, observer=who, language=language, report=report
        )
        store.audit.add_or_keep("export", who, case.id, kind="DICOM " + ",".join(kinds), count=len(made))
        return len(made)

    def done(count: int) -> None:
        session.messages.say(tr("{n} DICOM objects written: {name}", n=count, name=folder.name), "green")

    return session.jobs.start("DICOM export", work, done, case_id=case.id, kind="dicom export")


def start_send(session: Session, case: Case, kinds: tuple[str, ...], archive: str, language: str) -> Job:
    """Write the objects and send them to an archive, in the background."""
    store, user = session.store, session.user

    def work(report: Report) -> int:
        who = store.users.require(Permission.EXPORT, user)
        refuse_export(store.policy)
        with tempfile.TemporaryDirectory(prefix="send-", dir=session.local.path) as scratch:
            made = dicom_report.write_objects(
                opened(session, case), kinds, Path(scratch), observer=who, language=language
            )
            files = [one.path for one in made]
            return exchange.send_files(store, archive, files, user=user, case_id=case.id, report=report)

    def done(count: int) -> None:
        session.messages.say(tr("{n} objects sent to {name}", n=count, name=archive), "green")

    return session.jobs.start("Sending to archive", work, done, case_id=case.id, kind="send")


def opened(session: Session, case: Case) -> Case:
    """The case with images that can be opened, those beside them too."""
    return session.store.with_local_images(case, session.local_folder(case.id))


def ask(session: Session, case: Case, language: str, parent: QWidget | None) -> Job | None:
    """Ask what and where, then write or send."""
    dialog = SendDialog(case, parent)
    taken = bool(dialog.exec())
    kinds, archive = dialog.kinds(), str(dialog.where.currentData() or "")
    dialog.deleteLater()
    if not taken:
        return None
    if archive:
        return start_send(session, case, kinds, archive, language)
    folder = QFileDialog.getExistingDirectory(parent, tr("DICOM export"))
    return start_write(session, case, kinds, Path(folder), language) if folder else None
