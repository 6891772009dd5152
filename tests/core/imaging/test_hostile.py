"""Hostile and damaged files: each a clear error or a picture in under two seconds, and nothing else disturbed."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Unreadable
from core.imaging.pixels import presentation
from core.imaging.study import read_images
from core.imaging.volume import geometry_of, load_volume
from core.imaging.volume_types import NotAVolume, Volume

pytestmark = pytest.mark.data
SECONDS = 2.0


def test_every_damaged_file_ends_soon(unpacked: Callable[[str], Path]) -> None:
    slow, count = [], 0
    for path in sorted(unpacked("dicom-robust-dev").rglob("*")):
        if not path.is_file():
            continue
        began = time.perf_counter()
        try:
            presentation(path)
        except Unreadable as error:
            assert str(error)
        read_images([path])
        taken = time.perf_counter() - began
        count += 1
        if taken > SECONDS:
            slow.append((path.name, taken))
    assert count > 90 and not slow


def test_a_good_series_survives_among_damaged_files(unpacked: Callable[[str], Path]) -> None:
    good = unpacked("dicom-series") / "dicom_series" / "mr_t1_sag_192_siemens"
    intake = read_images([unpacked("dicom-robust-dev"), good])
    series = [s for study in intake.studies for s in study.series if len(s.instances) == 192]
    assert len(series) == 1
    assert any(f.error for f in intake.files)
    volume = load_volume(series[0])
    assert isinstance(volume, Volume) and volume.stored.shape == (192, 256, 256)


def test_real_series(unpacked: Callable[[str], Path]) -> None:
    """The MR is a volume of 0.9 mm slices; the tilted CT of 1.08, 4 and 7 mm is refused with the numbers."""
    found = {}
    for study in read_images([unpacked("dicom-series")]).studies:
        for series in study.series:
            found[series.modality, len(series.instances)] = geometry_of(series)
    mr, ct = found["MR", 192], found["CT", 28]
    assert not isinstance(mr, NotAVolume) and mr[0].spacing_mm[0] == pytest.approx(0.9, abs=1e-4)
    assert isinstance(ct, NotAVolume) and "1.08/4/7 mm" in ct.reason.en


def test_a_decoder_that_dies_takes_nothing_along(
    unpacked: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The helper is killed while it holds a frame: that file is refused, the next one is decoded by a new helper."""
    from core.imaging.isolated import HELPER

    path = next(p for p in unpacked("dicom-syntax-dev").rglob("CT-JPEGLosslessSV1.dcm"))
    shown = presentation(path)
    assert HELPER._worker is not None
    first = HELPER._worker[0]
    first.kill()
    first.join(5)
    with pytest.raises(Unreadable, match="decoder failed"):
        presentation(path)
    assert (presentation(path) == shown).all()
    HELPER.stop()


def test_a_codestream_of_another_size_is_refused_before_it_is_decoded(
    unpacked: Callable[[str], Path], tmp_path: Path
) -> None:
    """One changed byte made the decoder run for a minute: 8.8 million columns."""
    raw = bytearray(next(unpacked("dicom-syntax-dev").rglob("J2KI/MR1_J2KI")).read_bytes())
    raw[raw.index(b"\xff\x4f\xff\x51") + 9] = 0x87
    (tmp_path / "a.dcm").write_bytes(bytes(raw))
    began = time.perf_counter()
    with pytest.raises(Unreadable, match="another size"):
        presentation(tmp_path / "a.dcm")
    assert time.perf_counter() - began < SECONDS
