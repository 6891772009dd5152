"""DICOM objects made for the tests."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

CT = "1.2.840.10008.5.1.4.1.1.2"
DX = "1.2.840.10008.5.1.4.1.1.1.1"


def dataset(pixels: np.ndarray, **tags: Any) -> pydicom.Dataset:
    """A small image object around `pixels` (rows, columns) or (rows, columns, 3)."""
    made = pydicom.Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = UID(CT)
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = UID(tags.pop("SOPInstanceUID", "1.2.3.4.5"))
    made.StudyInstanceUID, made.SeriesInstanceUID = UID("1.2.3"), UID(tags.pop("SeriesInstanceUID", "1.2.3.4"))
    made.Modality, made.PatientID, made.PatientName = "CT", "SYN-1", "SAMPLE^One"
    made.Rows, made.Columns = pixels.shape[:2]
    made.SamplesPerPixel = 3 if pixels.ndim == 3 else 1
    made.PhotometricInterpretation = "RGB" if pixels.ndim == 3 else "MONOCHROME2"
    if pixels.ndim == 3:
        made.PlanarConfiguration = 0
    bits = pixels.dtype.itemsize * 8
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
    made.PixelRepresentation = 1 if pixels.dtype.kind == "i" else 0
    for keyword, value in tags.items():
        setattr(made, keyword, value)
    made.PixelData = pixels.tobytes()
    made["PixelData"].VR = "OW" if bits > 8 else "OB"
    return made


def save(made: pydicom.Dataset, path: Path) -> Path:
    """Write it with preamble and file meta."""
    made.save_as(path, enforce_file_format=True)
    return path


def stack(
    folder: Path,
    positions: list[tuple[float, float, float]],
    *,
    orientation: tuple[float, ...] = (1, 0, 0, 0, 1, 0),
    shape: tuple[int, int] = (8, 8),
    first: int = 0,
    **tags: Any,
) -> list[Path]:
    """A CT series; slice i holds the value i everywhere, file names in reverse order."""
    paths = []
    for index, position in enumerate(positions):
        pixels = np.full(shape, index, np.int16)
        made = dataset(
            pixels,
            SOPInstanceUID=f"1.2.3.4.{index + first + 10}",
            InstanceNumber=index + 1,
            ImagePositionPatient=[f"{v:.6f}" for v in position],
            ImageOrientationPatient=list(orientation),
            PixelSpacing=[0.5, 0.5],
            **tags,
        )
        paths.append(save(made, folder / f"{len(positions) - index:04}.dcm"))
    return paths
