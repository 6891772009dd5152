"""What every object made from stored images shares: the patient and study, the character set, a whole file or none."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pydicom

from core.errors import UserError
from core.imaging.header import read_dataset

MANUFACTURER = "Consilium"
_TEXT = frozenset({"PN", "LO", "SH", "LT", "ST", "UT", "UC"})
_IDENTITY = (
    "AccessionNumber", "StudyID", "StudyDate", "StudyTime", "ReferringPhysicianName",
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex",
)  # fmt: skip


def evidence_of(files: Iterable[str]) -> dict[str, pydicom.Dataset]:
    """The images' headers by file; all of one study, with empty identity where they have none. Raises `UserError`."""
    read = {file: read_dataset(file, stop_before_pixels=True) for file in sorted(files)}
    if len({d.get("StudyInstanceUID") for d in read.values()}) != 1:
        raise UserError("The marks lie on images of more than one study.", "Export one study at a time.")
    for dataset in read.values():
        for keyword in _IDENTITY:
            if keyword not in dataset:
                setattr(dataset, keyword, "")
    return read


def finish(document: pydicom.Dataset, image: pydicom.Dataset, path: Path) -> None:
    """Write `document` to `path`, whole or not at all; says of its patient what is said of the picture's.

    Text goes out as UTF-8 where the document or the image has other than ASCII letters (a name in characters would be
    lost in the default set). Raises `UserError` where the file cannot be written.
    """
    if image.get("PatientComments"):
        document.PatientComments = image.PatientComments
    if not all(str(e.value).isascii() for e in document.iterall() if e.VR in _TEXT):
        document.SpecificCharacterSet = "ISO_IR 192"
    document.TimezoneOffsetFromUTC = datetime.now().astimezone().strftime("%z")
    beside = path.with_name(f".{path.name}.tmp")
    try:
        document.save_as(beside, enforce_file_format=True)
        beside.replace(path)
    except OSError as error:
        raise UserError(f"{path.name} could not be written ({error.strerror}).", "Choose another folder.") from error
    finally:
        beside.unlink(missing_ok=True)
