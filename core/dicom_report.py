"""What of a case goes out as DICOM: measurements and accepted model findings (SR), key images (KO), regions (SEG), the
report (encapsulated PDF, Secondary Capture). Each object belongs to the study of the images it speaks of.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.domain.assessment import Hypothesis
from core.domain.case import Action, Case, Decision
from core.domain.finding import Origin, Status
from core.domain.imaging import Measurement
from core.errors import Unreadable, UserError
from core.imaging.header import read_dataset
from core.imaging.measure import MASKS
from core.imaging.sr_export import Sources
from core.imaging.sr_findings import ModelFinding
from core.progress import Report, silent
from core.report.fhir import made_by
from core.store.decisions import standing

KINDS = ("sr", "ko", "seg", "pdf", "sc")
KEY = "key"
"""The kind of a mark that says: this is a key image."""
_MOST_HEADERS = 5_000


@dataclass(frozen=True, slots=True)
class Written:
    """One object made: its kind, the file, and how many things it holds."""

    kind: str
    path: Path
    count: int


def accepted_findings(case: Case) -> tuple[ModelFinding, ...]:
    """Model findings a clinician stands for: present, and either behind a diagnosis accepted, or in a signed case and not
    only behind diagnoses rejected. Before either, none: a model's word alone leaves no house as a finding."""
    behind = _behind(case)
    found = []
    for finding in case.findings:
        if finding.origin is not Origin.IMAGE or finding.status is not Status.PRESENT:
            continue
        made = next((p for p in case.predictions if made_by(finding, p)), None)
        verdicts = behind.get(finding.id, set())
        stands = Action.ACCEPT in verdicts or (bool(case.signed_at) and Action.REJECT not in verdicts)
        if made is not None and stands:
            found.append(
                ModelFinding(finding.id, made.image_id, finding.code, finding.label.en, made.probability, made.pack)
            )
    return tuple(found)


def _behind(case: Case) -> dict[str, set[Action]]:
    """Finding id -> what was decided about the diagnoses it speaks for."""
    last: dict[str, Decision] = {d.target: d for d in standing(case)}
    known: Sequence[Hypothesis] = case.assessment.hypotheses if case.assessment else ()
    found: dict[str, set[Action]] = {}
    for hypothesis in known:
        decision = last.get(f"hypothesis:{hypothesis.id}")
        for evidence in hypothesis.evidence_for if decision else ():
            assert decision is not None
            found.setdefault(evidence.finding_id, set()).add(decision.action)
    return found


def acceptor(case: Case, fallback: str) -> str:
    """Who stands for the findings: the signer, else who accepted last."""
    accepted = [d.user for d in standing(case) if d.action is Action.ACCEPT]
    return case.signed_by or (accepted[-1] if accepted else fallback)


def sources_of(case: Case) -> Sources:
    """Image id -> (file, frame) of the case's images and of the other slices that marks lie on.

    `case` has images that can be opened. A slice without an entry of its own in the case is found by its SOP instance UID
    (`image:UID#frame`) among the files beside the case's images.
    """
    found = {ref.id: (ref.path, ref.frame) for ref in case.images if Path(ref.path).is_file()}
    wanted = {m.image_id for m in case.measurements if m.image_id.startswith("image:")} - set(found)
    files = _by_uid(case, {name.removeprefix("image:").partition("#")[0] for name in wanted})
    for name in wanted:
        uid, _, frame = name.removeprefix("image:").partition("#")
        if uid in files:
            found[name] = (str(files[uid]), int(frame or 0))
    return found


def _by_uid(case: Case, uids: set[str]) -> dict[str, Path]:
    if not uids:
        return {}
    found: dict[str, Path] = {}
    folders = dict.fromkeys(Path(ref.path).parent for ref in case.images)
    files = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir()) if path.is_file()]
    for path in files[:_MOST_HEADERS]:
        try:
            uid = str(read_dataset(path, stop_before_pixels=True).get("SOPInstanceUID", ""))
        except (Unreadable, UserError):
            continue
        if uid in uids:
            found[uid] = path
            if len(found) == len(uids):
                break
    return found


def write_objects(
    case: Case, what: Iterable[str], folder: Path, *, observer: str, language: str = "en", sources: Sources | None = None,
    report: Report = silent,
) -> tuple[Written, ...]:  # fmt: skip
    """Write the objects of the kinds in `what` (see `KINDS`) into `folder`; a kind the case has nothing for is left out.

    `case` has images that can be opened. Raises `UserError` where nothing of it can be written at all.
    """
    places = sources_of(case) if sources is None else dict(sources)
    places = {name: place for name, place in places.items() if _is_dicom(place[0])}
    if not places:
        raise UserError("The case has no DICOM image to belong to.", "Reports go out as PDF, HTML, JSON or FHIR.")
    job = _Job(case, folder, _person_name(observer), language, places)
    kinds = [kind for kind in KINDS if kind in set(what)]
    made: list[Written] = []
    for number, kind in enumerate(kinds):
        report(number, len(kinds), kind.upper())
        made += _WRITERS[kind](job)
    if not made:
        raise UserError(
            "The case has nothing of this kind to write.", "Measure, mark a key image, or accept a finding."
        )
    return tuple(made)


@dataclass(frozen=True, slots=True)
class _Job:
    case: Case
    folder: Path
    observer: str
    language: str
    sources: Mapping[str, tuple[str, int]]

    def together(self, marks: Iterable[Measurement], *keywords: str) -> list[list[Measurement]]:
        """Marks on stored images, in groups whose images have the same values of DICOM keywords."""
        groups: dict[tuple[str, ...], list[Measurement]] = {}
        for mark in marks:
            if mark.image_id in self.sources:
                groups.setdefault(_header(self.sources[mark.image_id][0], keywords), []).append(mark)
        return list(groups.values())


def _is_dicom(path: str) -> bool:
    try:
        return "SOPInstanceUID" in read_dataset(path, stop_before_pixels=True)
    except (Unreadable, UserError):
        return False


def _header(path: str, keywords: Sequence[str]) -> tuple[str, ...]:
    header = read_dataset(path, stop_before_pixels=True)
    return tuple(str(header.get(keyword, "")) for keyword in keywords)


def _person_name(observer: str) -> str:
    """One component only, said so: the user's name is not known by its parts (PS3.5 6.2.1)."""
    return observer if "^" in observer else f"{observer}^"


def _measurements(job: _Job) -> list[Written]:
    from core.imaging.sr_export import write_measurements

    made = []
    valued = [m for m in job.case.measurements if m.values]
    for number, marks in enumerate(job.together(valued, "StudyInstanceUID"), 1):
        path = job.folder / f"measurements-{number}.dcm"
        made.append(Written("sr", path, write_measurements(path, marks, job.sources, observer=job.observer)))
    return made + _model_findings(job)


def _model_findings(job: _Job) -> list[Written]:
    from core.imaging.sr_findings import write_model_findings

    groups: dict[tuple[object, ...], list[ModelFinding]] = {}
    for finding in accepted_findings(job.case):
        if finding.image_id in job.sources:
            study = _header(job.sources[finding.image_id][0], ("StudyInstanceUID",))
            groups.setdefault((finding.pack, study), []).append(finding)
    made = []
    who = _person_name(acceptor(job.case, job.observer))
    for number, findings in enumerate(groups.values(), 1):
        path = job.folder / f"model-findings-{number}.dcm"
        count = write_model_findings(path, findings, job.sources, observer=who, verified=bool(job.case.signed_at))
        made.append(Written("sr", path, count))
    return made


def _key_images(job: _Job) -> list[Written]:
    from core.imaging.sr_export import write_key_images

    made = []
    keys = [m for m in job.case.measurements if m.kind == KEY]
    for number, marks in enumerate(job.together(keys, "StudyInstanceUID"), 1):
        path = job.folder / f"key-images-{number}.dcm"
        count = write_key_images(path, [m.image_id for m in marks], job.sources, observer=job.observer)
        made.append(Written("ko", path, count))
    return made


def _regions(job: _Job) -> list[Written]:
    from core.imaging.report_export import write_regions

    made = []
    drawn = [m for m in job.case.measurements if m.kind in MASKS]
    for number, marks in enumerate(job.together(drawn, "SeriesInstanceUID", "Rows", "Columns"), 1):
        path = job.folder / f"regions-{number}.dcm"
        made.append(Written("seg", path, write_regions(path, marks, job.sources, observer=job.observer)))
    return made


def _report_file(job: _Job) -> tuple[bytes, str, str]:
    """The report's PDF, its title, and the stored image whose study it joins: that of the newest study."""
    from core.report.build import build
    from core.report.pdf import pdf_bytes

    image = max(dict.fromkeys(p for p, _ in job.sources.values()), key=lambda p: _header(p, ("StudyDate", "StudyTime")))
    return pdf_bytes(job.case, job.language), build(job.case, job.language).title, image


def _pdf(job: _Job) -> list[Written]:
    from core.imaging.report_export import write_encapsulated_pdf

    data, title, image = _report_file(job)
    path = job.folder / "report.dcm"
    write_encapsulated_pdf(path, data, image, title=title)
    return [Written("pdf", path, 1)]


def _captures(job: _Job) -> list[Written]:
    """The report's pages as pictures, for archives whose viewers show no PDF."""
    from core.imaging.document import draw_page, page_count
    from core.imaging.report_export import write_captures, write_encapsulated_pdf

    data, title, image = _report_file(job)
    between = job.folder / "pages.tmp"
    try:
        write_encapsulated_pdf(between, data, image, title=title)
        pages = [draw_page(between, number) for number in range(page_count(between))]
    finally:
        between.unlink(missing_ok=True)
    return [Written("sc", path, 1) for path in write_captures(job.folder, pages, image)]


_WRITERS: dict[str, Callable[[_Job], list[Written]]] = {
    "sr": _measurements, "ko": _key_images, "seg": _regions, "pdf": _pdf, "sc": _captures,
}  # fmt: skip
