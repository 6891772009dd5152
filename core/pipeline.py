"""Runs the stages in order; no clinical logic of its own.

    open_paths -> analyse (predict, find, assess, explain, plan) -> explain_image -> plan_for

Every function takes a frozen `Case` and gives a new one; nothing is stored here except by `open_paths`' caller.
"""

import dataclasses
import logging
import re
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.domain.assessment import Abstention, Assessment
from core.domain.basics import Label
from core.domain.case import Case, CaseStatus, FileReport
from core.domain.explanation import Explanation
from core.domain.finding import Finding, Origin
from core.domain.imaging import ImagePrediction, ImageRef, NoEstimate
from core.domain.plan import Plan
from core.domain.record import Patient, Record
from core.errors import UserError
from core.progress import Report, silent

if TYPE_CHECKING:
    from core.imaging.types import ImageIntake
    from core.records.csv_labs import Table

EXPLAINED = 5  # hypotheses explained at once; the others on demand
IMAGE_EVALUATIONS = 512
SEED = 20251114
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IdentityDoubt:
    """Two records that are probably one patient: the user decides, nothing is merged silently."""

    first: str
    second: str
    first_name: str
    second_name: str
    reason: Label


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening files gave: new cases, doubts about identity (by case id), and a report on every file."""

    cases: tuple[Case, ...]
    doubts: tuple[IdentityDoubt, ...]
    files: tuple[FileReport, ...]
    questions: tuple[ImageRef, ...]
    """Images that say neither age nor view: ask before they reach a model."""
    documents: tuple[tuple[str, Path], ...] = ()
    """Record files (name as in `files`, where it lies): kept with their case, so that each fact can open its source."""
    series: tuple[tuple[str, str, tuple[Path, ...]], ...] = ()
    """(case id, series UID, files) of every image series, and of the objects that go with them (UID "")."""


class NothingRead(UserError):
    """None of the files gave a case; `files` says why of each."""

    def __init__(self, what: str, next_step: str, files: tuple[FileReport, ...]) -> None:
        super().__init__(what, next_step)
        self.files = files


def open_paths(
    paths: Sequence[Path],
    report: Report = silent,
    *,
    scratch: Path,
    now: datetime,
    tables: "tuple[Table, ...]" = (),
) -> Opened:
    """Read files, folders and ZIPs into cases, one a patient. `scratch` takes what archives unpack to.

    `tables`: layouts the user gave for tables of laboratory results whose headings say nothing.

    Raises `NothingRead` only when nothing at all could be read; otherwise unreadable files are in `files`.
    """
    from core.imaging.study import read_images
    from core.records.intake import read_paths

    intake = read_paths(paths, report, scratch=scratch, tables=tables)
    images = read_images(intake.images, report)
    known = {f.path for f in images.files}
    files = tuple(f for f in intake.files if f.path not in known) + images.files
    records = list(intake.records)
    owners = _owners(images)
    homes = _homes(records, owners)
    cases = [_new_case(r, homes.get(i, ()), now) for i, r in enumerate(records)]
    cases += [_new_case(Record(patient=patient), refs, now) for patient, refs in _strangers(owners, records)]
    if not cases:
        advice = "Open a FHIR bundle, C-CDA, HL7 v2, phenopacket, note, DICOM, PNG or JPEG file."
        raise NothingRead(_nothing(files), advice, files)
    cases = [dataclasses.replace(case, files=_files_of(case, files, single=len(cases) == 1)) for case in cases]
    questions = tuple(r for c in cases for r in c.images if _needs_answer(r))
    own = _own_documents(cases, intake.documents)
    return Opened(tuple(cases), _doubts(cases), files, questions, own, tuple(_series(cases, images)))


def _needs_answer(ref: ImageRef) -> bool:
    return ref.stated_by == "user" and (ref.age_years is None or not ref.view)


Owner = tuple[Patient, tuple[ImageRef, ...]]


def _owners(images: "ImageIntake") -> tuple[Owner, ...]:
    """Each image with the patient its file names; images that name nobody belong to an empty `Patient`."""
    named = {s.uid: (s.patient_name, s.patient_id) for s in images.studies}
    owners: dict[Patient, tuple[ImageRef, ...]] = {}
    for ref in images.refs:
        name, number = named.get(ref.study_instance_uid, ("", ""))
        patient = next((p for p in images.patients if _is_called(p, name, number)), Patient())
        owners[patient] = (*owners.get(patient, ()), ref)
    return tuple(owners.items())


def _is_called(patient: Patient, name: str, number: str) -> bool:
    """Whether a study's PatientID (0010,0020), or without one its PatientName (0010,0010), is this patient's."""
    if number:
        return number in {i.value for i in patient.identifiers}
    return bool(name) and _letters(patient.name) == _letters(name)


def _letters(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def _homes(records: list[Record], owners: Sequence[Owner]) -> dict[int, tuple[ImageRef, ...]]:
    """Which record each image belongs to. Images that name nobody join the only record there is."""
    from core.records.identity import Match, compare

    homes: dict[int, tuple[ImageRef, ...]] = {}
    for patient, refs in owners:
        for i, record in enumerate(records):
            anonymous = not patient.name and not patient.identifiers and len(records) == 1
            if anonymous or compare(record.patient, patient) is Match.SAME:
                homes[i] = homes.get(i, ()) + refs
                break
    return homes


def _strangers(owners: Sequence[Owner], records: list[Record]) -> list[Owner]:
    """Images whose patient is in no record: a case of their own."""
    from core.records.identity import Match, compare

    out = []
    for patient, refs in owners:
        anonymous = not patient.name and not patient.identifiers and len(records) == 1
        if not anonymous and not any(compare(r.patient, patient) is Match.SAME for r in records):
            out.append((patient, refs))
    return out


def _new_case(record: Record, images: tuple[ImageRef, ...], now: datetime) -> Case:
    stamp = now.isoformat(timespec="seconds")
    return Case(
        id=uuid.uuid4().hex[:12],
        created_at=stamp,
        updated_at=stamp,
        reason=_reason(record),
        record=record,
        images=images,
    )


def _reason(record: Record) -> str:
    """The reason for the encounter: as the newest note states it, else the latest encounter's, else the first sentence."""
    if record.notes:
        newest = max(record.notes, key=lambda n: n.time)
        stated = _REASON.search(newest.text)
        if stated:
            return _cut(stated.group(1).strip())
    encounters = [e for e in record.events if e.kind == "encounter" and e.text]
    if encounters:
        return _cut(max(encounters, key=lambda e: e.start).text)
    return _cut(_first_sentence(record.notes[-1].text)) if record.notes else ""


def _cut(text: str) -> str:
    """At most `_REASON_LENGTH` characters: the first sentence that tells something where it ends in time, else whole words
    and an ellipsis."""
    if len(text) <= _REASON_LENGTH:
        return text
    head = text[:_REASON_LENGTH]
    ends = ((m.end(), m[0] in "。！？") for m in _SENTENCE_END.finditer(head))
    end = next((end for end, chinese in ends if end >= (_LEAST_REASON if chinese else 2 * _LEAST_REASON)), 0)
    if end:
        return head[:end]
    words = head.rpartition(" ")[0] if " " in head[_REASON_LENGTH // 2 :] else head[:-1]
    return f"{words.rstrip('，,;；、')}…"


_REASON_LENGTH, _LEAST_REASON = 140, 20
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？]")
_REASON = re.compile(
    r"^\s*(?:reason for (?:visit|encounter|referral)|chief complaints?|presenting complaint|主诉|就诊原因)"
    r"\s*[:：]?\s*\n?\s*(\S.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_HEADER = re.compile(r"SYNTHETIC|\b(?:DOB|MRN|Date|Patient|Sex)\b\s*:|姓名|日期|门诊号", re.IGNORECASE)


def _first_sentence(text: str) -> str:
    lines = [line.strip(" #*-") for line in text.splitlines() if line.strip() and not _HEADER.search(line)]
    return next((line for line in lines if len(line) > 20 or "，" in line), lines[0] if lines else "")


def _series(cases: Sequence[Case], images: "ImageIntake") -> Iterator[tuple[str, str, tuple[Path, ...]]]:
    """Every file of the studies that a case's images and reports on files come from."""
    for case in cases:
        shown = {i.path for i in case.images}
        named = {f.path for f in case.files}
        for study in images.studies:
            paths = {i.path for s in study.series for i in s.instances}
            objects = tuple(Path(o.path) for o in study.objects if o.path in named)
            if paths & shown or (objects and not paths):
                yield from ((case.id, s.uid, tuple(Path(i.path) for i in s.instances)) for s in study.series)
                if objects:
                    yield case.id, "", objects


def _own_documents(cases: Sequence[Case], documents: Sequence[tuple[str, Path]]) -> tuple[tuple[str, Path], ...]:
    """The files of one patient each. A file about several is kept with none: it would carry the others along."""
    owners = [{f.path for f in case.files} for case in cases]
    return tuple((name, path) for name, path in documents if sum(name in own for own in owners) == 1)


def _files_of(case: Case, files: tuple[FileReport, ...], *, single: bool) -> tuple[FileReport, ...]:
    if single:
        return files
    own = {s.file for group in _facts(case.record) for fact in group for s in getattr(fact, "sources", ())}
    own |= {n.source.file for n in case.record.notes} | {i.path for i in case.images}
    own |= {s.file for s in case.record.patient.sources}
    return tuple(f for f in files if f.path in own or Path(f.path).name in own)


def _facts(record: Record) -> list[tuple[object, ...]]:
    return [
        record.problems,
        record.medications,
        record.allergies,
        record.observations,
        record.events,
        record.phenotypes,
    ]


def _doubts(cases: Sequence[Case]) -> tuple[IdentityDoubt, ...]:
    from core.records.identity import Match, judge

    out = []
    for i, a in enumerate(cases):
        for b in cases[i + 1 :]:
            match, why = judge(a.record.patient, b.record.patient)
            if match is Match.PROBABLE:
                out.append(IdentityDoubt(a.id, b.id, a.record.patient.name, b.record.patient.name, why))
    return tuple(out)


def _nothing(files: Sequence[FileReport]) -> str:
    errors = [f"{Path(f.path).name}: {f.error}" for f in files if f.error]
    return (
        "Nothing could be read. " + " ".join(errors[:3]) if errors else "There is nothing to read in what was opened."
    )


def merge_cases(kept: Case, other: Case, now: datetime) -> Case:
    """One case from two, after the user said that they are one patient. `unmerge_cases` goes back."""
    from core.records.identity import merge

    return dataclasses.replace(
        kept,
        record=merge(kept.record, other.record),
        images=kept.images + tuple(i for i in other.images if i.id not in {k.id for k in kept.images}),
        files=kept.files + other.files,
        updated_at=now.isoformat(timespec="seconds"),
    )


def unmerge_cases(merged: Case, kept: Case, other: Case, now: datetime) -> Case:
    """Undo `merge_cases`: the case as `kept` was, and what was added to it since; `other` stands for itself again."""
    record = dataclasses.replace(
        merged.record,
        patient=kept.record.patient,
        **{
            part.name: _apart(
                getattr(merged.record, part.name), getattr(kept.record, part.name), other.record, part.name
            )
            for part in dataclasses.fields(Record)
            if part.name != "patient"
        },
    )
    return dataclasses.replace(
        merged,
        record=record,
        images=_apart_by(merged.images, kept.images, other.images),
        files=tuple(f for f in merged.files if f not in other.files or f in kept.files),
        updated_at=now.isoformat(timespec="seconds"),
    )


def _apart(merged: tuple[Any, ...], kept: tuple[Any, ...], other: Record, name: str) -> tuple[Any, ...]:
    if name == "diagnoses":
        return tuple(code for code in merged if code in kept or code not in other.diagnoses)
    return _apart_by(merged, kept, getattr(other, name))


def _apart_by(merged: tuple[Any, ...], kept: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    """`kept` as it was (a merge adds sources to a fact), and what came with neither case."""
    known = {item.id for item in (*kept, *other)}
    return kept + tuple(item for item in merged if item.id not in known)


def answer_image(case: Case, image_id: str, *, age_years: float | None, view: str) -> Case:
    """Put what the user said about an image (age in years, view) where DICOM would have said it."""
    images = tuple(
        dataclasses.replace(i, age_years=age_years, view=view, stated_by="user") if i.id == image_id else i
        for i in case.images
    )
    return dataclasses.replace(case, images=images)


def analyse(
    case: Case, report: Report = silent, *, now: datetime, explain_images: bool = False, place: str = ""
) -> Case:
    """All stages for a case: models, findings, assessment, explanation, plan. Status becomes `to_review`.

    `place`: the region of this clinic, taken for the patient's where the record names none; kept with the case.

    A stage that fails with a `UserError` becomes an abstention of that stage; the rest of the case still works.
    """
    from core.findings.find import find

    started = time.monotonic()
    if place and not case.record.patient.place:
        patient = dataclasses.replace(case.record.patient, place=place)
        case = dataclasses.replace(case, record=dataclasses.replace(case.record, patient=patient))
    predictions, refusals = predict_images(case.images, report)
    report(40, 100, "findings")
    findings = find(case.record, predictions, now) + _by_clinician(case.findings)
    case = dataclasses.replace(case, predictions=predictions, refusals=refusals)
    case = reassess(case, findings, report, now=now, checks=True)
    if case.assessment is not None:
        seconds = time.monotonic() - started
        case = dataclasses.replace(case, assessment=dataclasses.replace(case.assessment, seconds=seconds))
    if explain_images:
        for image_id in dict.fromkeys(p.image_id for p in predictions):
            case = explain_image(case, image_id, report)
    report(100, 100, "done")
    return case


def _by_clinician(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(f for f in findings if f.origin is Origin.CLINICIAN)


def predict_images(
    images: Sequence[ImageRef], report: Report = silent
) -> tuple[tuple[ImagePrediction, ...], tuple[NoEstimate, ...]]:
    """Every installed image pack on every image: predictions, and refusals of the input gates."""
    if not images:
        return (), ()
    from core.imaging.pixels import presentation
    from core.inference.packs import installed
    from core.inference.predict import predict
    from core.learning.shadow import in_shadow, watch_film

    predictions: list[ImagePrediction] = []
    refusals: list[NoEstimate] = []
    packs = tuple(pack for pack in installed() if pack.task == "image-classification")
    for i, ref in enumerate(images):
        report(40 * i // len(images), 100, "image models")
        try:
            pixels = presentation(ref)
        except UserError as error:
            log.warning("an image was left out of the models: %s", type(error).__name__)
            continue
        for pack in packs:
            result = predict(pack, ref, pixels)
            if isinstance(result, NoEstimate):
                refusals.append(result)
            else:
                predictions.extend(result)
                if in_shadow(pack.id):
                    watch_film(pack, pixels, ref.sha256 or ref.id)
    return tuple(predictions), tuple(refusals)


def reassess(
    case: Case, findings: Sequence[Finding], report: Report = silent, *, now: datetime, checks: bool = False
) -> Case:
    """The fast path after an edit of findings: assess, explain the leading hypotheses, plan for the first.

    `checks` runs the engine again a hundred times to see whether the leading explanation holds: seconds, not for typing.
    """
    from core.diagnosis.assess import assess

    report(50, 100, "differential")
    assessment = assess(tuple(findings), case.record.patient, now, report)
    assessment = _with_refusals(assessment, case.refusals)
    case = dataclasses.replace(
        case,
        findings=tuple(findings),
        assessment=assessment,
        explanation=_explanation(assessment, case, tuple(findings), now if checks else None),
        status=CaseStatus.TO_REVIEW if case.status is not CaseStatus.SIGNED else case.status,
        updated_at=now.isoformat(timespec="seconds"),
    )
    report(80, 100, "treatment")
    leading = assessment.hypotheses[0].id if assessment.hypotheses else ""
    return dataclasses.replace(case, plan=_plan(case, leading, now))


def _with_refusals(assessment: Assessment, refusals: Sequence[NoEstimate]) -> Assessment:
    said = tuple(Abstention(r.pack.name, r.reason, r.image_id) for r in refusals)
    return dataclasses.replace(assessment, abstentions=assessment.abstentions + said)


def _explanation(
    assessment: Assessment, case: Case, findings: tuple[Finding, ...], now: datetime | None
) -> Explanation:
    """The leading hypothesis with the checks that run the engine again, the next ones without: they cost ten times more."""
    from core.explain.findings import Inputs, explain

    inputs = Inputs(findings, case.record.patient, now) if now is not None else None
    explained = tuple(
        explain(assessment, h.id, inputs if i == 0 else None) for i, h in enumerate(assessment.hypotheses[:EXPLAINED])
    )
    return Explanation(assessment.id, explained, case.explanation.images if case.explanation is not None else ())


def explain_hypothesis(case: Case, hypothesis_id: str) -> Case:
    """Add the explanation of one more hypothesis."""
    from core.explain.findings import explain

    if case.assessment is None or case.explanation is None:
        raise UserError("The case has not been analysed.", "Run the analysis first.")
    if any(f.hypothesis_id == hypothesis_id for f in case.explanation.findings):
        return case
    added = (*case.explanation.findings, explain(case.assessment, hypothesis_id))
    return dataclasses.replace(case, explanation=dataclasses.replace(case.explanation, findings=added))


def explain_image(
    case: Case, image_id: str, report: Report = silent, *, evaluations: int = IMAGE_EVALUATIONS, seed: int = SEED
) -> Case:
    """Shapley map of the model's finding on one image. Raises `UserError` when no model gave an estimate for it."""
    from core.explain.image import explain
    from core.imaging.pixels import presentation
    from core.inference.packs import installed

    ref = next((i for i in case.images if i.id == image_id), None)
    pack_name = next((p.pack.name for p in case.predictions if p.image_id == image_id), None)
    pack = next((p for p in installed() if p.id == pack_name), None)
    if ref is None or pack is None:
        raise UserError("No model gave an estimate for this image, so there is nothing to explain.")
    result = explain(pack, ref, presentation(ref), report, evaluations=evaluations, seed=seed)
    earlier = case.explanation or Explanation(case.assessment.id if case.assessment else "")
    images = (*(i for i in earlier.images if i.image_id != image_id), result)
    return dataclasses.replace(case, explanation=dataclasses.replace(earlier, images=images))


def plan_for(case: Case, hypothesis_id: str, *, now: datetime) -> Case:
    """The plan for another hypothesis of the assessment."""
    return dataclasses.replace(case, plan=_plan(case, hypothesis_id, now))


def _plan(case: Case, hypothesis_id: str, now: datetime) -> Plan | None:
    from core.treatment.plan import make_plan

    if case.assessment is None or not hypothesis_id:
        return None
    return make_plan(case.record, case.findings, case.assessment, hypothesis_id, now)
