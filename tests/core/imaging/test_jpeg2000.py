"""JPEG 2000 by OpenCV gives what pylibjpeg gives, signed and unsigned, or leaves the file to it."""

from pathlib import Path

import numpy as np
import pytest
from openjpeg.utils import encode_array
from pydicom.encaps import encapsulate

from core.imaging import decode, jpeg2000
from core.imaging.header import read_header
from core.imaging.study import read_images
from core.imaging.volume import load_volume
from core.imaging.volume_types import Volume
from tests.core.imaging.made import dataset, save

LOSSLESS = "1.2.840.10008.1.2.4.90"


def compressed(path: Path, frames: list[np.ndarray], **tags: object) -> Path:
    made = dataset(frames[0], NumberOfFrames=len(frames), **tags)
    made.file_meta.TransferSyntaxUID = LOSSLESS
    made.PixelData = encapsulate([encode_array(f, bits_stored=8 * f.dtype.itemsize) for f in frames])
    made["PixelData"].is_undefined_length = True
    return save(made, path)


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16"])
def test_same_values_as_the_other_decoder(tmp_path: Path, kind: str) -> None:
    low, high = (-2000, 2000) if kind == "int16" else (0, 200)
    frames = [np.random.default_rng(n).integers(low, high, (40, 50)).astype(kind) for n in range(3)]
    header = read_header(compressed(tmp_path / "a.dcm", frames))
    assert jpeg2000.takes(header)
    for index, values in enumerate(frames):
        found = decode._jpeg2000(header, index)
        assert found is not None and found.dtype == values.dtype and np.array_equal(found, values)
        assert np.array_equal(found, decode.by_plugin(header.path, index, "pylibjpeg"))


def test_another_size_or_sign_is_left_to_the_other_decoder(tmp_path: Path) -> None:
    frames = [np.zeros((40, 50), np.uint16)]
    signed = read_header(compressed(tmp_path / "a.dcm", frames, PixelRepresentation=1))
    assert decode._jpeg2000(signed, 0) is None
    other = read_header(compressed(tmp_path / "b.dcm", frames, Rows=41))
    assert decode._jpeg2000(other, 0) is None


def test_a_cut_off_file_is_left_to_the_other_decoder(tmp_path: Path) -> None:
    path = compressed(tmp_path / "a.dcm", [np.zeros((40, 50), np.uint16)])
    path.write_bytes(path.read_bytes()[:-40])
    header = read_header(path)
    assert jpeg2000.codestream(header.path, header.pixel_offset, 0, 1) is None


def test_slices_decoded_side_by_side_come_out_in_order(tmp_path: Path) -> None:
    for n in range(12):
        compressed(
            tmp_path / f"{n}.dcm", [np.full((64, 64), 100 + n, np.int16)], SOPInstanceUID=f"1.2.3.4.{n + 10}",
            InstanceNumber=n + 1, ImagePositionPatient=[0, 0, float(n)], ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            PixelSpacing=[1, 1],
        )  # fmt: skip
    volume = load_volume(read_images([tmp_path]).studies[0].series[0])
    assert isinstance(volume, Volume)
    assert volume.stored[:, 3, 3].tolist() == list(range(100, 112))
