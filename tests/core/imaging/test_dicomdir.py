"""A DICOMDIR opened alone brings the files it names."""

from pathlib import Path

import numpy as np
import pydicom

from core.imaging.study import read_images
from tests.core.imaging.made import dataset, save, stack


def index(folder: Path, names: list[list[str]]) -> Path:
    made = dataset(np.zeros((4, 4), np.uint16))
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = pydicom.uid.MediaStorageDirectoryStorage
    del made.PixelData
    made.DirectoryRecordSequence = []
    for name in names:
        record = pydicom.Dataset()
        record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", name
        made.DirectoryRecordSequence.append(record)
    return save(made, folder / "DICOMDIR")


def test_named_files_are_read_once(tmp_path: Path) -> None:
    images = tmp_path / "cd" / "images"
    images.mkdir(parents=True)
    paths = stack(images, [(0, 0, 2.0 * i) for i in range(3)])
    listed = [["IMAGES", p.name] for p in paths]  # in capitals, as the standard has them
    outside = save(dataset(np.zeros((4, 4), np.uint16), SOPInstanceUID="9.9"), tmp_path / "outside.dcm")
    path = index(tmp_path / "cd", [*listed, ["IMAGES", "GONE"], ["..", outside.name]])
    alone = read_images([path])
    (series,) = alone.studies[0].series
    assert len(series.instances) == 3
    (said,) = [f for f in alone.files if f.path == str(path)]
    assert "2 files it names are not there" in said.skipped
    for together in ([path, *paths], [tmp_path / "cd"]):
        again = read_images(together)
        assert len(again.studies[0].series[0].instances) == 3
        assert not [f for f in again.files if "second copy" in " ".join(f.skipped)]


def test_a_broken_index_hides_nothing(tmp_path: Path) -> None:
    paths = stack(tmp_path, [(0, 0, 2.0 * i) for i in range(3)])
    broken = tmp_path / "DICOMDIR"
    broken.write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 40)
    found = read_images([broken, *paths])
    assert len(found.studies[0].series[0].instances) == 3
    assert [f for f in found.files if f.path == str(broken) and f.error]
