"""What the imaging room hands out: instances, series, studies and the result of reading files."""

from dataclasses import dataclass

from core.domain.case import FileReport
from core.domain.imaging import ImageRef
from core.domain.record import Patient

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Plane:
    """Where a frame lies in the patient (PS3.3 C.7.6.2): mm in LPS; `row` and `column` are direction cosines.

    `row` is the direction of increasing column index, `column` that of increasing row index (ImageOrientationPatient).
    `spacing_mm` is (between rows, between columns), as PixelSpacing.
    """

    position: Vector
    row: Vector
    column: Vector
    spacing_mm: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """One DICOM object (or picture file). `planes` holds one plane a frame, or none where the file states none."""

    path: str
    kind: str = "image"
    sop_instance_uid: str = ""
    sop_class_uid: str = ""
    syntax: str = ""
    series_instance_uid: str = ""
    study_instance_uid: str = ""
    number: int | None = None
    modality: str = ""
    series_number: int | None = None
    series_description: str = ""
    study_description: str = ""
    body_part: str = ""
    view: str = ""
    time: str = ""
    rows: int = 0
    columns: int = 0
    frames: int = 1
    colour: bool = False
    planes: tuple[Plane, ...] = ()
    pixel_spacing_mm: tuple[float, float] | None = None
    imager_spacing_mm: tuple[float, float] | None = None
    calibration: str = ""
    echo: str = ""
    frame_time_ms: float | None = None
    synthetic: bool = False
    pixel_offset: int = -1
    """Byte where uncompressed pixel data begins; -1 when it has to be decoded."""
    bits_allocated: int = 0
    bits_stored: int = 0
    signed: bool = False
    rescale: tuple[float, float] | None = None
    """(slope, intercept) that hold for every frame; None where groups or tables say more."""
    frame_of_reference_uid: str = ""
    encapsulated_offset: int = -1
    """Byte where the items of compressed pixel data begin; -1 when it is not compressed or not known."""


@dataclass(frozen=True, slots=True)
class FrameAddress:
    """One frame of one file."""

    instance: Instance
    frame: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    """Instances of one series in reading order: along the normal where geometry is stated, else by number."""

    uid: str
    modality: str
    description: str
    number: int | None
    body_part: str
    instances: tuple[Instance, ...]

    def addresses(self) -> tuple[FrameAddress, ...]:
        """Every frame in reading order."""
        return tuple(FrameAddress(i, f) for i in self.instances for f in range(max(i.frames, 1)))


@dataclass(frozen=True, slots=True)
class Study:
    """Series of one study. `patient_id` and `patient_name` as the files state them."""

    uid: str
    time: str
    description: str
    patient_id: str
    patient_name: str
    series: tuple[Series, ...]
    objects: tuple[Instance, ...] = ()
    """What is not a picture: structured reports, ECG, PDF, RT structures, presentation states."""


@dataclass(frozen=True, slots=True)
class ImageIntake:
    """What was read from a set of paths; what could not be read stands in `files` with the reason."""

    studies: tuple[Study, ...] = ()
    refs: tuple[ImageRef, ...] = ()
    patients: tuple[Patient, ...] = ()
    files: tuple[FileReport, ...] = ()
