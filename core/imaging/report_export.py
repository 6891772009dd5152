"""The report as DICOM: encapsulated PDF (PS3.3 A.45.1), page pictures as Secondary Capture (A.8.1); regions as SEG (A.51).

They belong to the patient and study of a stored image, in series of their own. `sr_export` writes the measurements.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileMetaDataset
from pydicom.sr.coding import Code
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian, generate_uid

from core.domain.imaging import Measurement
from core.errors import UserError
from core.imaging.derived import MANUFACTURER, evidence_of, finish
from core.imaging.measure import MASKS
from core.imaging.sr_export import Sources

_CARRIED = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID", "StudyDate", "StudyTime",
    "AccessionNumber", "ReferringPhysicianName",
)  # fmt: skip
_SERIES = {"pdf": 902, "capture": 903, "regions": 904}


def write_encapsulated_pdf(path: Path, pdf: bytes, image_file: str, *, title: str) -> None:
    """Write a PDF as a DICOM object of the image's patient and study. Raises `UserError` for what is no PDF."""
    if not pdf.startswith(b"%PDF-"):
        raise UserError("This is not a PDF.", "Write the report as PDF first.")
    image = evidence_of([image_file])[image_file]
    made = pydicom.Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = EncapsulatedPDFStorage
    made.SOPInstanceUID = generate_uid()
    for keyword in _CARRIED:
        setattr(made, keyword, image[keyword].value)
    now = datetime.now()
    made.SeriesInstanceUID, made.SeriesNumber, made.InstanceNumber = generate_uid(), _SERIES["pdf"], 1
    made.Modality, made.ConversionType, made.Manufacturer = "DOC", "WSD", MANUFACTURER
    made.ContentDate = made.InstanceCreationDate = now.strftime("%Y%m%d")
    made.ContentTime = made.InstanceCreationTime = now.strftime("%H%M%S")
    made.AcquisitionDateTime = ""
    made.BurnedInAnnotation, made.DocumentTitle = "YES", title
    made.ConceptNameCodeSequence = [_item("18748-4", "LN", "Diagnostic imaging study")]
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    made.EncapsulatedDocumentLength = len(pdf)
    finish(made, image, path)


def _item(value: str, scheme: str, meaning: str) -> pydicom.Dataset:
    item = pydicom.Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def write_captures(folder: Path, pages: Sequence[NDArray[np.uint8]], image_file: str) -> list[Path]:
    """Write pictures, uint8 (rows, columns, 3) RGB or (rows, columns) grey, as Secondary Captures of one series.

    They are marked as holding text in the picture. Returns the files, `capture-1.dcm` and on.
    """
    import highdicom as hd

    image = evidence_of([image_file])[image_file]
    series, paths = generate_uid(), []
    for number, page in enumerate(pages, 1):
        if page.dtype != np.uint8 or page.ndim not in {2, 3}:
            raise ValueError(f"a page is uint8 with 2 or 3 axes, not {page.dtype} with {page.ndim}")
        made = hd.sc.SCImage.from_ref_dataset(
            image, page, "RGB" if page.ndim == 3 else "MONOCHROME2", 8, "PATIENT", series, _SERIES["capture"],
            generate_uid(), number, MANUFACTURER, patient_orientation=("L", "F"), transfer_syntax_uid=ExplicitVRLittleEndian,
        )  # fmt: skip
        made.PatientOrientation = []  # a page has none, which highdicom does not take
        made.Laterality = ""
        made.BurnedInAnnotation = "YES"
        path = folder / f"capture-{number}.dcm"
        finish(made, image, path)
        paths.append(path)
    return paths


def write_regions(path: Path, marks: Sequence[Measurement], sources: Sources, *, observer: str) -> int:
    """Write drawn regions (ellipse, rectangle, freehand) as one segmentation, a segment a region; returns how many.

    All of one series and one picture size, as a segmentation holds. Raises `UserError` where there is none, or where
    they lie on several series.
    """
    import highdicom as hd

    usable = [m for m in marks if m.kind in MASKS and m.image_id in sources]
    if not usable:
        raise UserError("There is no region on a stored image.", "Draw an ellipse, a rectangle or an outline first.")
    images = _of_one_series({sources[m.image_id][0] for m in usable})
    pixels, kept = _planes(usable, sources, images)
    if not kept:
        raise UserError("The regions hold no pixel.", "Draw them larger.")
    for image in images.values():
        if "SliceThickness" not in image:  # of type 2: may be empty, and is left out by some makers
            image.SliceThickness = None
    document = hd.seg.Segmentation(
        list(images.values()), pixels, "BINARY", [_segment(m, n) for n, m in enumerate(kept, 1)],
        generate_uid(), _SERIES["regions"], generate_uid(), 1, MANUFACTURER, MANUFACTURER, "1", "1",
        content_description="Regions drawn by a person", content_creator_name=observer or "Unknown^",
        content_label="REGIONS",
    )  # fmt: skip
    finish(document, next(iter(images.values())), path)
    return len(kept)


def _of_one_series(files: set[str]) -> dict[str, pydicom.Dataset]:
    images = evidence_of(files)
    if len({d.get("SeriesInstanceUID") for d in images.values()}) != 1:
        raise UserError("The regions lie on images of more than one series.", "Export one series at a time.")
    if len({(d.Rows, d.Columns) for d in images.values()}) != 1:
        raise UserError("The regions lie on images of different sizes.", "Export them one by one.")
    if len(images) > 1 and any(int(d.get("NumberOfFrames", 1) or 1) > 1 for d in images.values()):
        raise UserError("The regions lie on several multi-frame images.", "Export them one by one.")
    return images


def _planes(
    marks: Sequence[Measurement], sources: Sources, images: dict[str, pydicom.Dataset]
) -> tuple[NDArray[np.uint8], list[Measurement]]:
    """Stacked masks uint8 (plane, rows, columns, segment) in the order of the images, and the marks that are not empty."""
    places = list(images)
    first = images[places[0]]
    frames = int(first.get("NumberOfFrames", 1) or 1)
    shape = (int(first.Rows), int(first.Columns))
    masks = [(m, MASKS[m.kind](shape, m.points)) for m in marks]
    masks = [(m, mask) for m, mask in masks if mask.any()]
    pixels = np.zeros((max(frames, len(places)), *shape, len(masks)), np.uint8)
    for segment, (mark, mask) in enumerate(masks):
        file, frame = sources[mark.image_id]
        pixels[frame if frames > 1 else places.index(file), :, :, segment] = mask
    return pixels, [m for m, _ in masks]


def _segment(mark: Measurement, number: int) -> Any:
    import highdicom as hd

    return hd.seg.SegmentDescription(
        number,
        (mark.text or f"{mark.kind} {mark.id[-6:]}")[:64],
        Code("49755003", "SCT", "Morphologically abnormal structure"),
        Code("52988006", "SCT", "Lesion"),
        "MANUAL",
        tracking_uid=generate_uid(entropy_srcs=[mark.id]),
        tracking_id=mark.id,
    )
