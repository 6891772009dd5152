"""When a series is a volume, and the reason when it is not."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.imaging import mpr
from core.imaging.study import read_images
from core.imaging.types import Series
from core.imaging.volume import geometry_of, load_volume
from core.imaging.volume_types import Geometry, NotAVolume, Volume
from tests.core.imaging.made import stack


def series(folder: Path) -> Series:
    intake = read_images([folder])
    assert len(intake.studies) == 1 and len(intake.studies[0].series) == 1
    return intake.studies[0].series[0]


def reason(folder: Path) -> str:
    found = geometry_of(series(folder))
    assert isinstance(found, NotAVolume)
    assert found.reason.zh
    return found.reason.en


def even(count: int, step: float = 2.0) -> list[tuple[float, float, float]]:
    return [(0.0, 0.0, step * i) for i in range(count)]


def test_an_even_stack_is_a_volume_in_geometric_order(tmp_path: Path) -> None:
    stack(tmp_path, even(6))
    volume = load_volume(series(tmp_path))
    assert isinstance(volume, Volume)
    assert volume.stored[:, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert volume.geometry.spacing_mm == pytest.approx((2.0, 0.5, 0.5))
    assert volume.geometry.to_patient(2, 4, 6) == pytest.approx((3.0, 2.0, 4.0))


@pytest.mark.parametrize(
    ("positions", "words"),
    [
        ([(0, 0, 0), (0, 0, 2)], "fewer than three"),
        ([(0, 0, 0), (0, 0, 1.08), (0, 0, 5.08), (0, 0, 12.08)], "uneven"),
        ([(0, 0, 2.0 * i) for i in range(12) if i != 7], "missing after slice 7"),
        ([(0, 0, 0), (0, 0, 2), (0, 0, 2), (0, 0, 4)], "same place"),
        ([(0, 0.6 * i, 2.0 * i) for i in range(5)], "tilted by 16.7"),
    ],
)
def test_what_is_no_volume_says_why(tmp_path: Path, positions: list[tuple[float, float, float]], words: str) -> None:
    stack(tmp_path, positions)
    assert words in reason(tmp_path)


def test_mixed_orientation_and_size(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    stack(tmp_path / "a", even(3))
    (tmp_path / "b").mkdir()
    stack(tmp_path / "b", [(0, 0, 9)], orientation=(1, 0, 0, 0, 0, -1), first=50)
    assert "different directions" in reason(tmp_path)
    stack(tmp_path / "b", [(0, 0, 9)], shape=(4, 4), first=50)
    assert "different sizes" in reason(tmp_path)


def test_no_geometry_at_all(tmp_path: Path) -> None:
    from tests.core.imaging.made import dataset, save

    for index in range(4):
        made = dataset(np.zeros((4, 4), np.int16), SOPInstanceUID=f"1.2.{index}", InstanceNumber=4 - index)
        save(made, tmp_path / f"{index}.dcm")
    assert "no position" in reason(tmp_path)
    assert [i.number for i in series(tmp_path).instances] == [1, 2, 3, 4]


def test_slices_of_differing_rescale_are_brought_to_one_unit(tmp_path: Path) -> None:
    for index in range(3):
        (tmp_path / str(index)).mkdir()
        stack(
            tmp_path / str(index), [(0, 0, 2.0 * index)], RescaleSlope=index + 1, RescaleIntercept=10, first=10 * index
        )
    for index, path in enumerate(sorted(tmp_path.rglob("*.dcm"))):
        import pydicom

        made = pydicom.dcmread(path)
        made.SOPInstanceUID = f"9.{index}"
        made.PixelData = np.full((8, 8), 7, np.int16).tobytes()
        made.save_as(path)
    volume = load_volume(series(tmp_path))
    assert isinstance(volume, Volume)
    assert volume.grey.units(volume.stored[:, 0, 0]).tolist() == [17, 24, 31]


def _volume(orientation: np.ndarray, shape: tuple[int, int, int] = (4, 5, 6)) -> Volume:
    values = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    k, j, i = (tuple(float(v) for v in orientation[n]) for n in range(3))
    return Volume(values, Geometry(shape, (3.0, 1.0, 1.0), (0.0, 0.0, 0.0), i, j, k))  # type: ignore[arg-type]


PERMUTATIONS = [np.eye(3)[list(p)] for p in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))]


@given(st.sampled_from(PERMUTATIONS), st.tuples(*[st.sampled_from([-1, 1])] * 3), st.sampled_from(mpr.VIEWS), st.data())
def test_every_cut_shows_the_voxel_it_says(
    axes: np.ndarray, signs: tuple[int, int, int], name: str, data: st.DataObject
) -> None:
    """For any axis order and direction: the voxel under a screen point is the one painted there, and the screen's
    right is the patient's left (axial, coronal) or back (sagittal)."""
    volume = _volume(axes * np.array(signs)[:, None])
    cut = mpr.view(volume.geometry, name)
    voxel = tuple(data.draw(st.integers(0, n - 1)) for n in volume.geometry.shape)
    index, column, row = mpr.to_screen(cut, voxel)  # type: ignore[arg-type]
    assert mpr.reslice(volume, cut, int(index))[int(row), int(column)] == volume.stored[voxel]
    assert mpr.to_voxel(cut, index, column, row) == voxel
    here = np.array(volume.geometry.to_patient(*voxel))
    right = np.array(volume.geometry.to_patient(*mpr.to_voxel(cut, index, column + 1, row))) - here
    down = np.array(volume.geometry.to_patient(*mpr.to_voxel(cut, index, column, row + 1))) - here
    wanted_right = {"axial": 0, "coronal": 0, "sagittal": 1}[name]
    assert right[wanted_right] > 0
    assert (down[1] > 0) if name == "axial" else (down[2] < 0)


def test_a_slab_holds_the_brightest_value() -> None:
    volume = _volume(np.eye(3)[[2, 1, 0]])
    cut = mpr.view(volume.geometry, "axial")
    assert (mpr.slab(volume, cut, 2, 3) == volume.stored[1:4].max(axis=0)).all()
    assert (mpr.slab(volume, cut, 0, 1) == mpr.reslice(volume, cut, 0)).all()
