"""De-identification of DICOM files: PS3.15 Annex E, Basic Application Level Confidentiality Profile, with options.

Options: dates shifted per subject instead of removed (Retain Longitudinal Temporal Information, Modified Dates), patient
characteristics kept, and pixels blanked in reviewed boxes (Clean Pixel Data). Private attributes always go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec
import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian

from core import paths
from core.errors import UserError
from core.privacy.pseudonyms import Pseudonyms

_CHARACTERISTICS = ("PatientSex", "PatientAge", "PatientSize", "PatientWeight", "PregnancyStatus", "SmokingStatus")
_DUMMY = {
    "DA": "19000101", "TM": "000000", "DT": "19000101000000", "PN": "REMOVED", "AS": "000Y", "IS": "0", "DS": "0",
    "UI": "2.25.0", "CS": "REMOVED", "SH": "REMOVED", "LO": "REMOVED", "ST": "REMOVED", "LT": "REMOVED", "UT": "REMOVED",
    "UC": "REMOVED", "AE": "REMOVED", "UR": "urn:removed",
}  # fmt: skip
_FREE_TEXT = {0x0040A160, 0x0040A123}
"""Text Value and Person Name of content items: free text, so dummies wherever they stand."""
_METHODS = {
    "basic": ("113100", "Basic Application Confidentiality Profile"),
    "pixels": ("113101", "Clean Pixel Data Option"),
    "dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "characteristics": ("113108", "Retain Patient Characteristics Option"),
}


@dataclass(frozen=True, slots=True)
class Options:
    """`shift_dates` False empties dates; `blank` are boxes (column0, row0, column1, row1) in pixels, after review."""

    shift_dates: bool = True
    keep_characteristics: bool = True
    blank: tuple[tuple[int, int, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done: attributes by action, and whether pixels may still hold burned-in text that nobody reviewed."""

    removed: int
    replaced: int
    private: int
    review_pixels: bool


@lru_cache(maxsize=1)
def actions() -> dict[int, str]:
    """Tag -> action of PS3.15 table E.1-1 (resources/knowledge/deidentification/ps3.15_e1.json)."""
    path = paths.RESOURCES / "knowledge" / "deidentification" / "ps3.15_e1.json"
    table = msgspec.json.decode(path.read_bytes())
    return {int(tag, 16): row[0] for tag, row in table["actions"].items()}


def action_for(tag: int) -> str:
    """What the profile does with an attribute: X, Z, D, U or combinations; "" keeps it. Curves and overlays go."""
    group, element = tag >> 16, tag & 0xFFFF
    if 0x5000 <= group <= 0x50FF or (0x6000 <= group <= 0x60FF and element in (0x3000, 0x4000)):
        return "X"
    return actions().get(tag, "")


def deidentify(
    source: FileDataset, pseudonyms: Pseudonyms, options: Options | None = None
) -> tuple[FileDataset, Outcome]:
    """A de-identified copy of a data set. Raises UserError where pixels to be blanked can't be decoded."""
    options = options or Options()
    copy = pydicom.FileDataset("", Dataset(), preamble=b"\0" * 128, file_meta=source.file_meta)
    copy.update({element.tag: element for element in _deep_copy(source)})
    worker = _Worker(
        pseudonyms, options, pseudonyms.subject_of(str(source.get("PatientID", "")), str(source.get("PatientName", "")))
    )
    worker.clean(copy)
    if options.blank:
        _blank(copy, options.blank)
    _sign(copy, worker, options)
    copy.file_meta = _meta(source, copy)
    risky = _may_hold_text(source) and not options.blank
    return copy, Outcome(worker.removed, worker.replaced, worker.private, risky)


class _Worker:
    """Walks a data set, sequences included."""

    def __init__(self, pseudonyms: Pseudonyms, options: Options, subject: str) -> None:
        self.pseudonyms, self.options, self.subject = pseudonyms, options, subject
        self.shift = pseudonyms.days(subject)
        self.removed = self.replaced = self.private = 0

    def clean(self, dataset: Dataset) -> None:
        for element in list(dataset):
            tag = element.tag
            if tag.is_private:
                del dataset[tag]
                self.private += 1
            elif self.options.keep_characteristics and element.keyword in _CHARACTERISTICS:
                self._characteristic(dataset, element)
            else:
                self._apply(dataset, element, "D" if int(tag) in _FREE_TEXT else action_for(int(tag)))

    def _apply(self, dataset: Dataset, element: DataElement, action: str) -> None:
        if self.options.shift_dates and element.VR in ("DA", "DT", "TM") and action:
            self._shift(element)
        elif action == "U" or (element.VR == "UI" and action.endswith("*")):
            self._map_uids(element)
        elif element.VR == "SQ" and action in ("D", "Z/D", "X/D", "X/Z/D", "X/Z/U*", ""):
            for item in element.value or ():
                self.clean(item)
        elif action == "X":
            del dataset[element.tag]
            self.removed += 1
        elif action in ("Z", "X/Z"):
            element.value = DicomSequence() if element.VR == "SQ" else None
            self.replaced += 1
        elif action:
            self._dummy(element)

    def _shift(self, element: DataElement) -> None:
        values = element.value if element.VM > 1 else [element.value]
        if element.VR != "TM":
            moved = [_moved(str(value), self.shift) for value in values if value]
            element.value = moved if len(moved) > 1 else (moved[0] if moved else None)
        self.replaced += 1

    def _map_uids(self, element: DataElement) -> None:
        values = element.value if element.VM > 1 else [element.value]
        mapped = [self.pseudonyms.uid(str(value)) for value in values if value]
        element.value = mapped if len(mapped) > 1 else (mapped[0] if mapped else None)
        self.replaced += 1

    def _dummy(self, element: DataElement) -> None:
        if element.VR in ("OB", "OW", "UN", "OF", "OD", "OL", "OV"):
            element.value = b""
        elif element.VR in ("US", "SS", "UL", "SL", "FL", "FD"):
            element.value = 0
        else:
            element.value = _DUMMY.get(element.VR)
        self.replaced += 1

    @staticmethod
    def _characteristic(dataset: Dataset, element: DataElement) -> None:
        """Kept, but nobody is older than 89 (45 CFR 164.514(b)(2)(i)(C))."""
        age = str(element.value or "")
        if element.keyword == "PatientAge" and age[:3].isdigit() and age[3:] == "Y" and int(age[:3]) > 89:
            element.value = "090Y"


def _moved(text: str, by: timedelta) -> str:
    """A DICOM DA or DT moved by whole days; a dummy where it can't be read."""
    try:
        day = datetime.strptime(text[:8], "%Y%m%d") + by
    except (ValueError, OverflowError):
        return "19000101"
    return day.strftime("%Y%m%d") + text[8:]


def _deep_copy(source: Dataset) -> Dataset:
    import copy

    return copy.deepcopy(source)


def _sign(dataset: Dataset, worker: _Worker, options: Options) -> None:
    """Say who it is now and what was done (PS3.15 E.1.1, PS3.3 C.7.1.1)."""
    dataset.PatientName = worker.subject
    dataset.PatientID = worker.subject
    dataset.PatientIdentityRemoved = "YES"
    dataset.LongitudinalTemporalInformationModified = "MODIFIED" if options.shift_dates else "REMOVED"
    dataset.DeidentificationMethod = "Consilium, DICOM PS3.15 Annex E"
    used = ["basic"]
    used += ["dates"] if options.shift_dates else []
    used += ["characteristics"] if options.keep_characteristics else []
    used += ["pixels"] if options.blank else []
    items = []
    for name in used:
        item = Dataset()
        item.CodeValue, item.CodeMeaning = _METHODS[name]
        item.CodingSchemeDesignator = "DCM"
        items.append(item)
    dataset.DeidentificationMethodCodeSequence = DicomSequence(items)
    if options.blank:
        dataset.BurnedInAnnotation = "NO"


def _meta(source: FileDataset, copy: FileDataset) -> pydicom.dataset.FileMetaDataset:
    """File meta information anew: no sender's titles, no private part."""
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = copy.get("SOPClassUID", "")
    meta.MediaStorageSOPInstanceUID = copy.get("SOPInstanceUID", "")
    syntax = getattr(copy.file_meta, "TransferSyntaxUID", None) or getattr(source.file_meta, "TransferSyntaxUID", None)
    meta.TransferSyntaxUID = syntax or ExplicitVRLittleEndian
    return meta


def _may_hold_text(dataset: Dataset) -> bool:
    """Whether pixels may show a name: unless the file says NO, or it is a modality that doesn't draw on its images."""
    if "PixelData" not in dataset:
        return False
    said = str(dataset.get("BurnedInAnnotation", "")).upper()
    return said == "YES" or (said != "NO" and str(dataset.get("Modality", "")) not in ("CT", "MR", "PT"))


def _blank(dataset: FileDataset, boxes: Sequence[tuple[int, int, int, int]]) -> None:
    """Put black into boxes of every frame; the pixels are stored uncompressed afterwards."""
    try:
        pixels = dataset.pixel_array.copy()
    except (AttributeError, ValueError, RuntimeError, NotImplementedError) as error:
        raise UserError("This image can't be decoded, so nothing can be blanked.", "Leave it out.") from error
    low = pixels.max() if dataset.get("PhotometricInterpretation") == "MONOCHROME1" else pixels.min()
    samples = int(dataset.get("SamplesPerPixel", 1))
    frames = pixels if int(dataset.get("NumberOfFrames", 1) or 1) > 1 else pixels[None]
    for column0, row0, column1, row1 in boxes:
        frames[:, row0:row1, column0:column1] = low
    dataset.PixelData = frames.tobytes()
    dataset["PixelData"].VR = "OW" if dataset.BitsAllocated > 8 else "OB"
    dataset["PixelData"].is_undefined_length = False
    if samples > 1:
        dataset.PlanarConfiguration = 0
        dataset.PhotometricInterpretation = "RGB"
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
