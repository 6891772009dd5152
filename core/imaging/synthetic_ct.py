"""A CT series made by a program, of any length: for measuring and for tests. Marked SYNTHETIC."""

import io
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

_DISTINCT = 16


def write_series(folder: Path, slices: int, rows: int = 512, columns: int = 512) -> list[Path]:
    """`slices` uncompressed files with even spacing; pictures repeat every 16 slices. Returns the paths in order."""
    bodies = [_body(number, rows, columns) for number in range(min(_DISTINCT, slices))]
    paths = []
    for index in range(slices):
        path = folder / f"{index:05}.dcm"
        path.write_bytes(_header(index, rows, columns) + bodies[index % _DISTINCT])
        paths.append(path)
    return paths


def _body(number: int, rows: int, columns: int) -> bytes:
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    trunk = x**2 / 0.8 + y**2 / 0.5 < 1
    lungs = (np.abs(x) - 0.4) ** 2 / 0.09 + y**2 / 0.2 < 1
    values = np.where(lungs, -850, np.where(trunk, 40, -1000)).astype(np.float64)
    values += np.where(x**2 + (y - 0.45) ** 2 < 0.015, 500, 0)
    values += np.random.default_rng(number).normal(0, 20, (rows, columns))
    return np.rint(values).astype("<i2").tobytes()


def _header(index: int, rows: int, columns: int) -> bytes:
    made = pydicom.Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = UID("1.2.840.10008.5.1.4.1.1.2")
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = UID(f"1.2.826.0.1.3680043.8.498.77.{index + 1}")
    made.StudyInstanceUID, made.SeriesInstanceUID = (
        UID("1.2.826.0.1.3680043.8.498.76"),
        UID("1.2.826.0.1.3680043.8.498.75"),
    )
    values = {
        "Modality": "CT", "PatientName": "SYNTHETIC^Bench", "PatientID": "SYN-BENCH", "PatientComments": "SYNTHETIC",
        "SeriesNumber": 1, "InstanceNumber": index + 1, "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
        "Rows": rows, "Columns": columns, "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15, "PixelRepresentation": 1,
        "PixelSpacing": [0.7, 0.7], "SliceThickness": 0.6, "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "ImagePositionPatient": [0, 0, round(0.6 * index, 3)], "RescaleSlope": 1, "RescaleIntercept": 0,
        "WindowCenter": 40, "WindowWidth": 400,
    }  # fmt: skip
    for keyword, value in values.items():
        setattr(made, keyword, value)
    made.PixelData = b""
    made["PixelData"].VR = "OW"
    file = io.BytesIO()
    made.save_as(file, enforce_file_format=True)
    size = rows * columns * 2
    return file.getvalue()[:-4] + size.to_bytes(4, "little")
