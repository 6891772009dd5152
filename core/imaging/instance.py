"""A header as an `Instance`, and what it says about the patient."""

import re
from datetime import date
from pathlib import Path

from core.domain.basics import Source
from core.domain.record import Identifier, Patient, Sex
from core.errors import Unreadable
from core.imaging.groups import frame_planes, make_plane
from core.imaging.header import Header, read_dataset
from core.imaging.types import Instance, Plane

_KINDS = {
    "1.2.840.10008.5.1.4.1.1.88": "structured report",
    "1.2.840.10008.5.1.4.1.1.9": "waveform",
    "1.2.840.10008.5.1.4.1.1.104": "encapsulated document",
    "1.2.840.10008.5.1.4.1.1.11": "presentation state",
    "1.2.840.10008.5.1.4.1.1.481.3": "RT structure set",
    "1.2.840.10008.5.1.4.1.1.481.5": "RT plan",
    "1.2.840.10008.5.1.4.1.1.66.4": "segmentation",
    "1.2.840.10008.5.1.4.1.1.66.7": "segmentation",
    "1.2.840.10008.5.1.4.1.1.66": "raw data",
    "1.2.840.10008.1.3.10": "media directory",
}
_AGE_UNITS = {"D": 365.2425, "W": 365.2425 / 7, "M": 12.0, "Y": 1.0}
_VIEW_CODES = {"R-10206": "AP", "R-10214": "PA", "R-10236": "LL", "R-10232": "RL", "399348003": "AP", "399331006": "PA"}


def instance_of(header: Header) -> Instance:
    """The instance a header describes. `kind` names what is no picture."""
    spacing, imager = _pair(header, "PixelSpacing"), _pair(header, "ImagerPixelSpacing")
    planes = _planes(header)
    if spacing is None and planes:
        spacing = planes[0].spacing_mm
    return Instance(
        path=header.path,
        kind=_kind(header),
        sop_instance_uid=header.text("SOPInstanceUID"),
        sop_class_uid=header.text("SOPClassUID"),
        syntax=header.syntax,
        series_instance_uid=header.text("SeriesInstanceUID"),
        study_instance_uid=header.text("StudyInstanceUID"),
        number=_integer(header, "InstanceNumber"),
        modality=header.text("Modality").upper(),
        series_number=_integer(header, "SeriesNumber"),
        series_description=header.text("SeriesDescription"),
        study_description=header.text("StudyDescription"),
        body_part=header.text("BodyPartExamined").upper(),
        view=view_of(header),
        time=time_of(header),
        rows=header.integer("Rows"),
        columns=header.integer("Columns"),
        frames=max(header.integer("NumberOfFrames", 1), 1),
        colour=header.integer("SamplesPerPixel", 1) > 1,
        planes=planes,
        pixel_spacing_mm=spacing,
        imager_spacing_mm=imager or _pair(header, "NominalScannedPixelSpacing"),
        calibration=header.text("PixelSpacingCalibrationType").upper(),
        echo=header.text("EchoNumbers"),
        frame_time_ms=header.number("FrameTime"),
        synthetic=is_synthetic(header),
        pixel_offset=header.pixel_offset if header.pixel_length > 0 else -1,
        bits_allocated=header.integer("BitsAllocated"),
        bits_stored=header.integer("BitsStored"),
        rescale=_rescale(header),
        signed=header.integer("PixelRepresentation") == 1,
        frame_of_reference_uid=header.text("FrameOfReferenceUID"),
        encapsulated_offset=header.pixel_offset if header.pixel_length < 0 else -1,
    )


def _kind(header: Header) -> str:
    uid = header.text("SOPClassUID")
    for prefix in sorted(_KINDS, key=len, reverse=True):
        if uid == prefix or uid.startswith(prefix + "."):
            return _KINDS[prefix]
    return "image" if header.has_pixels and header.integer("Rows") > 0 else "object without a picture"


def _rescale(header: Header) -> tuple[float, float] | None:
    if header.present & {"ModalityLUTSequence", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"}:
        return None
    slope, intercept = header.number("RescaleSlope"), header.number("RescaleIntercept")
    return slope or 1.0, intercept or 0.0


def _planes(header: Header) -> tuple[Plane, ...]:
    if "PerFrameFunctionalGroupsSequence" in header.present:
        try:
            return frame_planes(header.path)
        except Unreadable:
            return ()
    plane = make_plane(
        header.numbers("ImagePositionPatient"),
        header.numbers("ImageOrientationPatient"),
        header.numbers("PixelSpacing"),
    )
    return (plane,) if plane is not None and header.integer("NumberOfFrames", 1) <= 1 else ()


def _pair(header: Header, keyword: str) -> tuple[float, float] | None:
    values = header.numbers(keyword)
    return (values[0], values[1]) if len(values) == 2 and min(values) > 0 else None


def _integer(header: Header, keyword: str) -> int | None:
    number = header.number(keyword)
    return None if number is None else int(number)


def view_of(header: Header) -> str:
    """AP, PA, LL, RL or what ViewPosition or ViewCodeSequence says; "" when not stated."""
    view = header.text("ViewPosition").upper()
    if view or "ViewCodeSequence" not in header.present:
        return view
    try:
        sequence = read_dataset(header.path, stop_before_pixels=True).get("ViewCodeSequence")
        return _VIEW_CODES.get(str(sequence[0].get("CodeValue", "")), "") if sequence else ""
    except Unreadable:
        return ""


def time_of(header: Header) -> str:
    """When the image was taken, ISO 8601 to the second (or the day); "" when not stated."""
    for stem in ("Acquisition", "Content", "Series", "Study"):
        day = parse_date(header.text(f"{stem}Date"))
        if day is None:
            continue
        clock = re.match(r"(\d\d)(\d\d)(\d\d)?", header.text(f"{stem}Time"))
        if clock is None:
            return day.isoformat()
        return f"{day.isoformat()}T{clock[1]}:{clock[2]}:{clock[3] or '00'}"
    return ""


def parse_date(text: str) -> date | None:
    """A DICOM DA value (also the old dotted form); None when it is not a date."""
    found = re.fullmatch(r"(\d{4})\.?(\d\d)\.?(\d\d)", text.strip())
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def age_in_years(header: Header) -> float | None:
    """PatientAge, else from birth date and the date of the image; None when neither is stated."""
    found = re.fullmatch(r"(\d{1,3})([DWMY])", header.text("PatientAge").upper())
    if found is not None:
        return int(found[1]) / _AGE_UNITS[found[2]]
    born = parse_date(header.text("PatientBirthDate"))
    taken = next(
        (d for k in ("Acquisition", "Content", "Series", "Study") if (d := parse_date(header.text(f"{k}Date")))), None
    )
    if born is None or taken is None or taken < born:
        return None
    return (taken - born).days / 365.2425


def is_synthetic(header: Header) -> bool:
    """Whether the file says of itself that it is synthetic."""
    fields = ("PatientComments", "ImageComments", "InstitutionName", "StudyDescription", "SeriesDescription")
    return any("SYNTHETIC" in header.text(k).upper() for k in fields)


def patient_of(header: Header) -> Patient | None:
    """Who the file is about, as stated; None where it says nothing."""
    names = [n for n in (_name(group) for group in header.text("PatientName").split("=")) if n]
    number = header.text("PatientID")
    born = parse_date(header.text("PatientBirthDate"))
    if not names and not number and born is None:
        return None
    sexes = {"F": Sex.FEMALE, "M": Sex.MALE, "O": Sex.OTHER}
    issuer = header.text("IssuerOfPatientID") or "DICOM"
    return Patient(
        name=names[0] if names else "",
        birth_date=born,
        sex=sexes.get(header.text("PatientSex").upper(), Sex.UNKNOWN),
        age_years=age_in_years(header),
        identifiers=(Identifier(issuer, number),) if number else (),
        other_names=tuple(names[1:]),
        synthetic=is_synthetic(header),
        sources=(Source(header.path, "dicom", "(0010,0010)", text=Path(header.path).name),),
    )


def _name(group: str) -> str:
    """A PN component group as "FAMILY, Given Middle"."""
    parts = [p.strip() for p in group.split("^")]
    given = " ".join(p for p in parts[1:3] if p)
    return ", ".join(p for p in (parts[0], given) if p)
