"""Read files and folders of images into studies, references for the models, and who they are about."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from core.domain.case import FileReport
from core.domain.imaging import ImageRef
from core.domain.record import Patient
from core.errors import Unreadable
from core.imaging import nifti
from core.imaging.dicomdir import named_files
from core.imaging.header import Header, read_header
from core.imaging.instance import age_in_years, instance_of, patient_of
from core.imaging.picture import is_picture, picture_size
from core.imaging.types import ImageIntake, Instance, Series, Study
from core.imaging.volume import reading_order
from core.progress import Report, silent

MAX_FILES = 200_000
_PROJECTION = frozenset(("CR", "DX", "DR", "RG", "MG", "IO", "PX", "XC", "OT", "US", ""))
"""Modalities where each image stands alone: every one gets a reference. Stacks get one, for their middle frame."""
_TEXT_SUFFIXES = frozenset(
    (".json", ".xml", ".txt", ".md", ".vcf", ".pdf", ".hl7", ".zip", ".html", ".csv", ".yaml", ".yml", ".rtf")
)


def read_images(paths: Iterable[str | Path], report: Report = silent) -> ImageIntake:
    """Read every image in `paths` (files or folders). Files that are no images are left to others, silently.

    One unreadable file never hides the rest: it stands in `files` with its reason.
    """
    files = list({path: (path, asked) for path, asked in _walk(paths)}.values())
    instances: list[tuple[Instance, Header | None]] = []
    reports: list[FileReport] = []
    for done, (path, asked) in enumerate(files):
        report(done, len(files), path.name)
        try:
            found = _read_one(path)
        except Unreadable as error:
            if asked or path.suffix.lower() == ".dcm" or _has_preamble(path):
                reports.append(FileReport(str(path), "DICOM", error=str(error)))
            continue
        if isinstance(found, FileReport):
            reports.append(found)
        elif found is not None:
            instances.append(found)
    report(len(files), len(files), "")
    return _assemble(instances, reports)


def _walk(paths: Iterable[str | Path]) -> Iterator[tuple[Path, bool]]:
    """(file, whether it was named itself) in a stable order; links to folders are not followed."""
    count = 0
    for given in paths:
        path = Path(given)
        if path.is_file():
            yield path, path.suffix.lower() in {".dcm", ".png", ".jpg", ".jpeg", ".nii"}
            if path.name.lower() == "dicomdir":
                yield from _named(path)
            continue
        for folder, names, files in os.walk(path):
            names.sort()
            for name in sorted(files):
                count += 1
                if count > MAX_FILES:
                    return
                yield Path(folder) / name, False


def _named(index: Path) -> Iterator[tuple[Path, bool]]:
    try:
        yield from ((path, True) for path in named_files(index)[0])
    except Unreadable:  # `_read_one` says so when its turn comes
        return


def _has_preamble(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _read_one(path: Path) -> tuple[Instance, Header | None] | FileReport | None:
    """An instance, a report about a file that is no image but ours, or None for what belongs to other rooms."""
    name = path.name.lower()
    if not path.is_file() or path.stat().st_size == 0 or path.suffix.lower() in _TEXT_SUFFIXES:
        return None
    if name == "dicomdir":
        missing = named_files(path)[1]
        said = ("index only: the files it names are read themselves",)
        return FileReport(
            str(path), "DICOMDIR", skipped=(*said, f"{missing} files it names are not there") if missing else said
        )
    if is_picture(path):
        rows, columns = picture_size(path)
        return Instance(str(path), kind="picture", rows=rows, columns=columns, series_instance_uid=str(path)), None
    if name.endswith((".nii", ".nii.gz")):
        return nifti.instance(path), None
    if not _maybe_dicom(path):
        return None
    header = read_header(path)
    return instance_of(header), header


def _maybe_dicom(path: Path) -> bool:
    """A preamble, or no preamble but a first element of group 0002 or 0008, or the suffix."""
    with path.open("rb") as file:
        head = file.read(132)
    if head[128:132] == b"DICM" or path.suffix.lower() in {".dcm", ".ima"}:
        return True
    return len(head) > 8 and head[:2] in {b"\x02\x00", b"\x08\x00"} and head[3:4] == b"\x00"


def _assemble(instances: list[tuple[Instance, Header | None]], reports: list[FileReport]) -> ImageIntake:
    by_study: dict[str, list[tuple[Instance, Header | None]]] = defaultdict(list)
    for instance, header in _once(instances, reports):
        by_study[instance.study_instance_uid or instance.path].append((instance, header))
    studies = tuple(_study(uid, members) for uid, members in by_study.items())
    headers = {i.path: h for i, h in instances if h is not None}
    refs = tuple(r for study in studies for series in study.series for r in _refs(series, headers))
    reports += [r for study in studies for r in _reports(study)]
    return ImageIntake(studies, refs, _patients(headers.values()), tuple(reports))


def _once(
    instances: list[tuple[Instance, Header | None]], reports: list[FileReport]
) -> Iterator[tuple[Instance, Header | None]]:
    """Each object once: a second copy of the same SOP instance (of the same patient) is reported, not shown."""
    first: dict[tuple[str, str], str] = {}
    for instance, header in instances:
        key = (instance.sop_instance_uid, header.text("PatientID") if header else "")
        if not instance.sop_instance_uid or key not in first:
            first[key] = instance.path
            yield instance, header
            continue
        kept = Path(first[key]).name
        reports.append(FileReport(instance.path, "DICOM", skipped=(f"a second copy of the same object as {kept}",)))


def _study(uid: str, members: list[tuple[Instance, Header | None]]) -> Study:
    by_series: dict[str, list[Instance]] = defaultdict(list)
    for instance, _ in members:
        if instance.kind in {"image", "picture", "volume"}:
            by_series[instance.series_instance_uid or instance.path].append(instance)
    series = [_series(key, group) for key, group in by_series.items()]
    series.sort(key=lambda s: (s.number is None, s.number or 0, s.uid))
    first, header = members[0]
    return Study(
        uid=uid,
        time=first.time,
        description=first.study_description,
        patient_id=header.text("PatientID") if header else "",
        patient_name=header.text("PatientName") if header else "",
        series=tuple(series),
        objects=tuple(i for i, _ in members if i.kind not in {"image", "picture", "volume"}),
    )


def _series(uid: str, group: list[Instance]) -> Series:
    ordered = reading_order(group)
    first = ordered[0]
    return Series(uid, first.modality, first.series_description, first.series_number, first.body_part, ordered)


def _refs(series: Series, headers: dict[str, Header]) -> Iterator[ImageRef]:
    if series.modality in _PROJECTION and series.instances[0].kind != "volume":
        for instance in series.instances:
            yield _ref(instance, 0, headers.get(instance.path))
        return
    addresses = series.addresses()
    middle = addresses[len(addresses) // 2]
    yield _ref(middle.instance, middle.frame, headers.get(middle.instance.path))


def _ref(instance: Instance, index: int, header: Header | None) -> ImageRef:
    digest = _sha256(instance.path)
    name = instance.sop_instance_uid or digest[:32]
    return ImageRef(
        id=f"image:{name}" + (f"#{index}" if index else ""),
        path=instance.path,
        frame=index,
        sop_instance_uid=instance.sop_instance_uid,
        series_instance_uid=instance.series_instance_uid if header else "",
        study_instance_uid=instance.study_instance_uid,
        modality=instance.modality,
        view=instance.view,
        body_part=instance.body_part,
        age_years=age_in_years(header) if header else None,
        rows=instance.rows,
        columns=instance.columns,
        description=instance.series_description or instance.study_description,
        time=instance.time,
        stated_by="dicom" if header else "user",
        sha256=digest,
    )


def _sha256(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reports(study: Study) -> Iterator[FileReport]:
    """One report a series (a CT is one thing to a reader, not 500), one for each other object."""
    for series in study.series:
        first = series.instances[0]
        if first.kind == "picture":
            skipped = ("says nothing of age or view: both are asked for",)
            yield FileReport(first.path, "picture", read=(("images", 1),), skipped=skipped)
            continue
        kind = f"DICOM {series.modality or 'image'}" if first.kind == "image" else "NIfTI volume"
        frames = sum(max(i.frames, 1) for i in series.instances)
        path = first.path if len(series.instances) == 1 else str(Path(first.path).parent)
        yield FileReport(path, kind, read=(("images", frames),))
    for other in study.objects:
        yield FileReport(other.path, f"DICOM {other.kind}", read=((other.kind, 1),))


def _patients(headers: Iterable[Header]) -> tuple[Patient, ...]:
    """One patient for each identity stated; sources of all files that state it are not repeated."""
    seen: dict[tuple[object, ...], Patient] = {}
    for header in headers:
        patient = patient_of(header)
        if patient is None:
            continue
        key = (patient.name.casefold(), patient.birth_date, patient.sex, patient.identifiers)
        known = seen.get(key)
        if known is None:
            seen[key] = patient
        elif known.age_years is None and patient.age_years is not None:
            seen[key] = replace(known, age_years=patient.age_years)
    return tuple(seen.values())


def series_of(ref: ImageRef) -> Series:
    """The series a reference belongs to, found again beside its file. Raises `Unreadable`."""
    alone = _read_one(Path(ref.path))
    if alone is None or isinstance(alone, FileReport):
        raise Unreadable(f"{Path(ref.path).name} is no longer an image.")
    instance, header = alone
    if header is None or not instance.series_instance_uid or instance.frames > 1:
        return _series(instance.series_instance_uid, [instance])
    group = [instance]
    for path in sorted(Path(ref.path).parent.iterdir()):
        if path == Path(ref.path):
            continue
        try:
            other = _read_one(path)
        except Unreadable:
            continue
        if isinstance(other, tuple) and other[0].series_instance_uid == instance.series_instance_uid:
            group.append(other[0])
    return _series(instance.series_instance_uid, [i for i in group if i.kind == instance.kind])
