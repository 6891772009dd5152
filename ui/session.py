"""What the window works on: the store, the open cases, and the core calls that change them.

Screens call the methods here and listen to the signals; they never touch the store or a stage themselves. Every change
of a case goes through `_replace`, which saves it in the background.
"""

import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from PySide6.QtCore import QObject, QTimer, Signal

from core import pipeline
from core.domain.assessment import Assessment
from core.domain.case import Action, Case, CaseStatus, Decision
from core.domain.explanation import ImageExplanation
from core.domain.finding import Finding, Origin
from core.domain.imaging import Measurement
from core.domain.record import Note
from core.errors import UserError
from core.progress import Report
from core.records.csv_labs import Table, unknown_tables
from core.store import series
from core.store.audit import AuditEvent
from core.store.decisions import standing
from core.store.exports import exporter
from core.store.merges import bring_back, keep_merge, keep_unmerged, last_merge
from core.store.store import Store
from core.store.summary import CaseSummary, summarize
from core.store.users import account_name
from ui.explanation import maps
from ui.jobs import Job, Jobs, Lane
from ui.local import LocalFolder
from ui.messages import Messages
from ui.settings import Settings
from ui.translate import tr

log = logging.getLogger(__name__)

Done = Callable[[Any], None]
REFRESH_MS = 120
UNDOABLE = (Action.ACCEPT, Action.REJECT, Action.EDIT, Action.OVERRIDE, Action.PLAN_STEP)
TABLES = "tables"
"""Setting of the store: layouts of laboratory tables."""
SKIPPED = "skipped"
"""Reason of a working diagnosis that was not given."""


def wall_clock() -> datetime:
    """Local time with its zone."""
    return datetime.now().astimezone()


class Session(QObject):
    """Store, open cases and background work."""

    listed = Signal()
    """`rows` were read again."""
    opened = Signal(str)
    """A case was loaded and can be shown."""
    fetched = Signal(str)
    """The images of an open case can all be opened now: its originals were gone, copies came out of the store."""
    closed = Signal(str)
    changed = Signal(str)
    """A case's content is new: show it again."""
    saved = Signal(str)
    """Clock time of the last save."""
    imported = Signal(object)
    """A `core.pipeline.Opened`: the files were read and their cases saved."""

    def __init__(
        self,
        jobs: Jobs,
        messages: Messages,
        settings: Settings,
        store: Store,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        super().__init__()
        self.jobs, self.messages, self.settings, self.store, self.now = jobs, messages, settings, store, clock
        self.local = LocalFolder()
        self.rows: tuple[CaseSummary, ...] = ()
        self.cases: dict[str, Case] = {}
        self.outdated: dict[str, str] = {}
        """Case id -> when its inputs changed after the analysis that is shown."""
        self._edits: dict[str, int] = {}
        self._local_files: dict[str, dict[str, str]] = {}
        self._made: list[tuple[str, Decision]] = []
        self._refreshing = QTimer(self)
        self._refreshing.setSingleShot(True)
        self._refreshing.setInterval(REFRESH_MS)
        self._refreshing.timeout.connect(self._refresh)

    @property
    def user(self) -> str:
        """Who works here."""
        signed_in = getattr(self.store.users, "session", None)
        return (signed_in.user if signed_in else "") or str(self.settings.get("user") or account_name())

    # -- worklist --------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the worklist again, soon: several changes are read once."""
        self._refreshing.start()

    def _refresh(self) -> None:
        self._quick("list", lambda _r: self.store.list(limit=100_000), self._listed, kind="list")

    def _listed(self, rows: tuple[CaseSummary, ...]) -> None:
        self.rows = rows
        self.listed.emit()

    def _relist(self, case: Case) -> None:
        """One saved case: its row alone is made again, as reading ten thousand rows would hold up the next key."""
        at = next((i for i, row in enumerate(self.rows) if row.id == case.id), -1)
        if at < 0:
            self.refresh()
            return
        row = summarize(case, assigned_to=self.rows[at].assigned_to)
        self._listed((*self.rows[:at], row, *self.rows[at + 1 :]))

    def search(self, words: str, done: Done) -> None:
        """Full-text search; `done(hits)`."""
        self._quick("search", lambda _r: self.store.search(words), done, kind="search")

    def peek(self, case_id: str, done: Done) -> None:
        """Load a case for the preview without opening it."""
        if case_id in self.cases:
            done(self.cases[case_id])
        else:
            self._quick("preview", lambda _r: self._load(case_id, images=1), done, kind="preview")

    def open_case(self, case_id: str) -> None:
        """Load a case and open it; `opened` follows."""
        if case_id in self.cases:
            self.opened.emit(case_id)
            return
        self._quick("open", lambda _r: self._load(case_id), self._loaded, kind=f"open {case_id}")

    def _loaded(self, case: Case) -> None:
        self.cases[case.id] = case
        self._edits[case.id] = 0
        self.opened.emit(case.id)
        self._fetch_images(case.id)

    def close_case(self, case_id: str) -> None:
        """Close a case; its running jobs are cancelled."""
        self.jobs.cancel_case(case_id)
        self.cases.pop(case_id, None)
        self._local_files.pop(case_id, None)
        self.closed.emit(case_id)

    def import_paths(self, paths: Sequence[Path]) -> Job:
        """Read files into cases and save them; `imported` follows."""

        def work(report: Report) -> pipeline.Opened:
            scratch = Path(tempfile.mkdtemp(prefix="import-", dir=self.local.path))
            try:
                found = self._read(tuple(paths), report, scratch)
                saved = tuple(self._keep(case, found, report) for case in found.cases)
            finally:
                if not any(scratch.iterdir()):
                    scratch.rmdir()
            return replace(found, cases=saved)

        return self.jobs.start("Reading files", work, self._imported)

    def _read(self, paths: tuple[Path, ...], report: Report, scratch: Path) -> pipeline.Opened:
        """The cases in some files. Where the only obstacle are unknown headings, no case: the window asks about them."""
        try:
            return pipeline.open_paths(paths, report, scratch=scratch, now=self.now(), tables=self.tables())
        except pipeline.NothingRead as nothing:
            if not unknown_tables(nothing.files):
                raise
            return pipeline.Opened((), (), nothing.files, ())

    def tables(self) -> tuple[Table, ...]:
        """Layouts of tables that the user explained, the newest first."""
        kept = self.store.setting(TABLES, [])
        return tuple(Table(str(t["delimiter"]), dict(t["columns"])) for t in kept)

    def keep_table(self, table: Table) -> None:
        """Remember a layout for tables with the same headings."""
        same = {(t.delimiter, frozenset(t.columns)): t for t in reversed((table, *self.tables()))}
        kept = [{"delimiter": t.delimiter, "columns": t.columns} for t in reversed(same.values())]
        self.store.set_setting(TABLES, kept)

    def _keep(self, case: Case, found: pipeline.Opened, report: Report) -> Case:
        """Save a case with encrypted copies of its images and record files: where they lie now may be gone tomorrow."""
        saved = self.store.save(case, self.user)
        groups = [(series.group_name(uid), paths) for owner, uid, paths in found.series if owner == case.id]
        series.keep_image_files(self.store, saved, groups, report)
        self.store.keep_images(saved, report)
        self.store.keep_documents(saved, found.documents, report)
        return saved

    def local_folder(self, case_id: str) -> Path:
        """Where the images of a case lie while it is open and their originals are gone."""
        return self.local.path / case_id

    def local_file(self, case_id: str, original: str) -> str:
        """Where a file that was read from `original` can be opened now; told when the case was loaded."""
        return self._local_files.get(case_id, {}).get(original, original)

    def _fetch_images(self, case_id: str) -> None:
        """The other slices of an opened case whose originals are gone, in the background."""
        folder = self.local_folder(case_id)
        opened = [image.path for image in self.cases[case_id].images]
        if not any(Path(p).is_relative_to(folder) for p in (*opened, *self._local_files.get(case_id, {}).values())):
            return

        def work(report: Report) -> int:
            return series.bring_back(self.store, case_id, folder, report)

        def done(count: int) -> None:
            if count and case_id in self.cases:
                self.fetched.emit(case_id)

        self.jobs.start("Opening images", work, done, case_id=case_id, kind="images")

    def _load(self, case_id: str, *, images: int | None = None) -> Case:
        """A stored case whose images (the first `images` of them) can be opened."""
        case = self.store.load(case_id, user=self.user)
        folder = self.local_folder(case_id)
        opened = self.store.with_local_images(replace(case, images=case.images[:images]), folder)
        if images is None:  # reports, segments and the like: read here, never on the window's thread
            objects = [f.path for f in case.files if f.kind.startswith("DICOM ")]
            self._local_files[case_id] = series.local_files(self.store, case_id, objects, folder)
        return replace(case, images=(*opened.images, *case.images[len(opened.images) :]))

    def close(self) -> None:
        """The end of the session: nothing of it stays outside the store."""
        self.local.remove()

    def _imported(self, found: pipeline.Opened) -> None:
        self.refresh()
        self.imported.emit(found)

    def keep(self, case: Case) -> None:
        """Save a case that is not open (answers to the questions after an import)."""
        self._quick("save", lambda _r: self.store.save(case, self.user), lambda _c: self.refresh())

    def create(self, case: Case) -> None:
        """Save a new case and open it."""
        self._quick("new case", lambda _r: self.store.save(case, self.user), self._created)

    def _created(self, case: Case) -> None:
        self._loaded(case)
        self.refresh()

    def merge(self, kept: Case, other: Case) -> None:
        """One case from two that are one patient; one that is open is shown anew."""

        def work(_report: Report) -> Case:
            merged = pipeline.merge_cases(kept, other, self.now())
            saved = keep_merge(self.store, merged, kept, other, self.user)
            return self._load(saved.id) if kept.id in self.cases else saved

        def done(merged: Case) -> None:
            self._shown(merged)
            if merged.id in self.cases:
                self._fetch_images(merged.id)

        self._quick("merge", work, done)

    def unmerge(self, case_id: str) -> None:
        """Undo the last merge of an open case: the other patient's case comes back, and what was added since stays."""
        case = self.cases[case_id]

        def work(_report: Report) -> tuple[Case, Case]:
            found = last_merge(self.store, case_id)
            if found is None:
                raise UserError("Nothing was merged into this case.")
            other = bring_back(self.store, found[0], self.user)
            unmerged = pipeline.unmerge_cases(case, found[1], other, self.now())
            return keep_unmerged(self.store, unmerged, other.id, self.user), other

        def done(cases: tuple[Case, Case]) -> None:
            self.cases[case_id] = cases[0]
            self.refresh()
            self.messages.say(tr("The merge was undone; both cases are analysed again."), "green")
            for one in cases:
                self.analyse(one.id)

        self._quick("unmerge", work, done)

    # -- analysis --------------------------------------------------------------------------------------------------

    def analyse(self, case_id: str) -> None:
        """Run all stages on an open or stored case."""
        edits = self._edits.get(case_id, 0)
        known, place = self.cases.get(case_id), str(self.settings.get("place"))

        def work(report: Report) -> Case:
            case = known or self._load(case_id)
            analysed = pipeline.analyse(case, report, now=self.now(), place=place)
            return analysed if known else self.store.save(analysed, self.user)

        self.jobs.start("Analysis", work, lambda c: self._analysed(c, edits), case_id=case_id, kind="analyse")
        if known and known.images:
            maps.warm(self.jobs)

    def _analysed(self, case: Case, edits: int) -> None:
        if case.id not in self.cases:
            self.refresh()
        elif edits != self._edits.get(case.id, 0):
            self.changed.emit(case.id)
        else:
            self.outdated.pop(case.id, None)
            self._replace(self._with_decisions(case))
            self._explain_new_images(self.cases[case.id])

    def _with_decisions(self, case: Case) -> Case:
        """Decisions made while the analysis ran stay."""
        now = self.cases[case.id]
        return replace(case, decisions=now.decisions, working_diagnosis=now.working_diagnosis, addenda=now.addenda)

    def edit_findings(self, case_id: str, findings: tuple[Finding, ...]) -> None:
        """The doctor added, denied or removed findings: assess again at once."""
        self._reassess(case_id, lambda case, report: pipeline.reassess(case, findings, report, now=self.now()))

    def edit_note(self, case_id: str, note: Note) -> None:
        """A note was typed: find and assess again."""
        case = self.cases[case_id]
        notes = tuple(note if n.id == note.id else n for n in case.record.notes)
        notes = notes if any(n.id == note.id for n in notes) else (*notes, note)
        self.cases[case_id] = replace(case, record=replace(case.record, notes=notes))
        self._reassess(case_id, self._find_and_assess)

    def _find_and_assess(self, case: Case, report: Report) -> Case:
        from core.findings.find import find

        stated = tuple(f for f in case.findings if f.origin is Origin.CLINICIAN)
        found = find(case.record, case.predictions, self.now())
        return pipeline.reassess(case, found + stated, report, now=self.now())

    def _reassess(self, case_id: str, work: Callable[[Case, Report], Case]) -> None:
        self._edits[case_id] = edits = self._edits.get(case_id, 0) + 1
        case = self.cases[case_id]
        if self.jobs.running(case_id, "analyse") is None:
            self.outdated[case_id] = self.now().isoformat()
        self.jobs.cancel_kind(case_id, "analyse")
        self._quick(
            "Differential",
            lambda report: work(case, report),
            lambda made: self._analysed(made, edits),
            case_id=case_id,
            kind="reassess",
        )

    def answer_image(self, case_id: str, image_id: str, age_years: float | None, view: str) -> None:
        """What the user said about a picture; the models look at it again."""
        case = pipeline.answer_image(self.cases[case_id], image_id, age_years=age_years, view=view)
        self._edits[case_id] = self._edits.get(case_id, 0) + 1
        self._replace(case)
        self.analyse(case_id)

    def explain_image(self, case_id: str, image_id: str) -> None:
        """Shapley maps of one image: the preview at once, then better ones."""
        maps.start(self.jobs, self.cases[case_id], image_id, lambda found: self._explained(case_id, found))

    def _explained(self, case_id: str, found: ImageExplanation) -> None:
        if case_id in self.cases:
            self._replace(maps.with_map(self.cases[case_id], found))

    def _explain_new_images(self, case: Case) -> None:
        """The first image with an estimate and without a map gets its map while one looks."""
        explained = {image.image_id for image in case.explanation.images} if case.explanation else set()
        fresh = next((p.image_id for p in case.predictions if p.image_id not in explained), None)
        if fresh is not None and self.jobs.running(case.id, maps.kind(fresh)) is None:
            self.explain_image(case.id, fresh)

    def explain_hypothesis(self, case_id: str, hypothesis_id: str) -> None:
        """The explanation of a hypothesis that has none yet."""
        case = self.cases[case_id]
        shown = case.assessment

        def done(made: Case) -> None:
            now = self.cases.get(case_id)
            if now is not None and now.assessment is shown and made.explanation and now.explanation:
                self._replace(replace(now, explanation=replace(now.explanation, findings=made.explanation.findings)))

        def work(_report: Report) -> Case:
            return pipeline.explain_hypothesis(case, hypothesis_id)

        self._quick("Explanation", work, done, case_id=case_id, kind="explain")

    def what_if(
        self,
        case_id: str,
        variants: tuple[tuple[Finding, ...], ...],
        done: Callable[[tuple[Assessment, ...]], None],
    ) -> None:
        """Assess other sets of findings without changing the case."""
        case = self.cases[case_id]

        def work(report: Report) -> tuple[Assessment, ...]:
            from core.diagnosis.assess import assess

            return tuple(assess(findings, case.record.patient, self.now(), report) for findings in variants)

        self._quick("What if", work, done, case_id=case_id, kind="what if")

    def plan_for(self, case_id: str, hypothesis_id: str) -> None:
        """The plan for another hypothesis."""
        case = self.cases[case_id]

        def done(made: Case) -> None:
            now = self.cases.get(case_id)
            if now is not None:
                self._replace(replace(now, plan=made.plan))

        def work(_report: Report) -> Case:
            return pipeline.plan_for(case, hypothesis_id, now=self.now())

        self._quick("Treatment plan", work, done, case_id=case_id, kind="plan")

    # -- decisions -------------------------------------------------------------------------------------------------

    def decide(
        self,
        case_id: str,
        action: Action,
        target: str,
        *,
        reason: str = "",
        text: str = "",
        second_user: str = "",
        second_pin: str = "",
    ) -> None:
        """Record a decision; the store checks its rules."""
        case = self.cases[case_id]
        made = Decision(
            id=uuid4().hex,
            action=action,
            target=target,
            user=self.user,
            at=self.now().isoformat(timespec="seconds"),
            reason=reason,
            text=text,
            second_user=second_user,
            assessment_id=case.assessment.id if case.assessment else "",
        )

        def done(stored: Decision) -> None:
            now = self.cases.get(case_id)
            if now is None:
                return
            if action is not Action.WITHDRAW:
                self._made.append((case_id, stored))
            named = action is Action.WORKING_DIAGNOSIS and reason != SKIPPED
            diagnosis = text if named else now.working_diagnosis
            self._replace(replace(now, decisions=(*now.decisions, stored), working_diagnosis=diagnosis))

        self._quick("decide", lambda _r: self.store.decide(case_id, made, second_pin=second_pin), done)

    def undo(self, case_id: str) -> None:
        """Withdraw the last decision made on a case in this session; both stay on record."""
        case = self.cases[case_id]
        held = {d.id for d in standing(case)} if case.status is not CaseStatus.SIGNED else set()
        made = [d for one, d in self._made if one == case_id and d.id in held and d.action in UNDOABLE]
        if made:
            self.decide(case_id, Action.WITHDRAW, made[-1].target)
        else:
            self.messages.say(tr("No decision of this session is left to undo."), "info")

    def sign(self, case_id: str, pin: str) -> None:
        """Sign an open case; it becomes read-only."""
        case = self.cases[case_id]

        def work(_report: Report) -> Case:
            self.store.save(case, self.user)
            return self.store.with_local_images(self.store.sign(case_id, self.user, pin), self.local_folder(case_id))

        self._quick("sign", work, self._shown)

    def addendum(self, case_id: str, text: str) -> None:
        """Add text to a signed case."""

        def work(_report: Report) -> Case:
            self.store.add_addendum(case_id, text, self.user)
            return self._load(case_id)

        self._quick("addendum", work, self._shown)

    def audit(self, case_id: str, done: Callable[[tuple[AuditEvent, ...]], None]) -> None:
        """The audit trail of a case ("" for all)."""
        self._quick("audit", lambda _r: self.store.audit.events(case_id=case_id), done, kind=f"audit {case_id}")

    def export(self, case_id: str, path: Path, kind: str, language: str) -> None:
        """Write the report of an open case as "pdf", "html" or "json"; the audit log keeps that it was exported."""
        case, user = self.cases[case_id], self.user

        def work(_report: Report) -> Path:
            exporter(self.store, user)
            write_report(case, path, kind, language)
            self.store.audit.add_or_keep("export", user, case_id, kind=kind)
            return path

        self.jobs.start("Report", work, self._exported, case_id=case_id, kind=f"export {path}")

    def _exported(self, path: Path) -> None:
        self.messages.say(tr("Report written: {name}", name=path.name), "green")

    def background(self, name: str, work: Callable[[Report], Any], done: Done, case_id: str = "") -> Job:
        """Any other short reading work of a screen; a newer one of the same name replaces it."""
        return self._quick(name, work, done, case_id=case_id, kind=name)

    # -- keeping ---------------------------------------------------------------------------------------------------

    def measured(self, case_id: str, marks: tuple[Measurement, ...]) -> None:
        """The marks on the images changed: saved, and no screen has to be shown again."""
        case = replace(self.cases[case_id], measurements=marks)
        self.cases[case_id] = case
        if case.status is not CaseStatus.SIGNED:
            self._quick("save", lambda _r: self.store.save(case, self.user), self._saved)

    def _shown(self, case: Case) -> None:
        if case.id in self.cases:
            self.cases[case.id] = case
            self.changed.emit(case.id)
        self.refresh()

    def _replace(self, case: Case) -> None:
        self.cases[case.id] = case
        self.changed.emit(case.id)
        if case.status is not CaseStatus.SIGNED:
            self._quick("save", lambda _r: self.store.save(case, self.user), self._saved, case_id="", kind="")

    def _saved(self, case: Case) -> None:
        self.saved.emit(self.now().strftime("%H:%M:%S"))
        self._relist(case)

    def _quick(
        self, title: str, work: Callable[[Report], Any], done: Done, *, case_id: str = "", kind: str = ""
    ) -> Job:
        return self.jobs.start(title, work, done, case_id=case_id, kind=kind, lane=Lane.SHORT, quiet=True)


def write_report(case: Case, path: Path, kind: str, language: str) -> None:
    """Write a report file; a new file replaces an old one only when it is complete."""
    draft = path.with_name(path.name + ".new")
    if kind == "pdf":
        from core.report.pdf import write_pdf

        write_pdf(case, draft, language)
    elif kind == "html":
        from core.report.html import html_text

        draft.write_text(html_text(case, language), "utf-8")
    else:
        from core.report.json import case_bytes

        draft.write_bytes(case_bytes(case))
    draft.replace(path)


__all__ = ["Session", "UserError", "wall_clock"]
