"""RT Structure Sets read as data."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unreadable
from core.imaging.outlines import on_image, on_series, read_outlines
from core.imaging.study import read_images
from tests.core.imaging.made import dataset, save, stack

SQUARE = [10.0, 10.0, 4.0, 20.0, 10.0, 4.0, 20.0, 30.0, 4.0]


def item(**values: object) -> pydicom.Dataset:
    made = pydicom.Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def structure_set(points: list[float]) -> pydicom.Dataset:
    made = dataset(np.zeros((4, 4), np.uint16), SpecificCharacterSet="ISO_IR 192")
    made.StructureSetROISequence = [
        item(ROINumber=7, ROIName="左肺", ReferencedFrameOfReferenceUID="1.2.3.9"),
        item(ROINumber=8, ROIName="empty", ReferencedFrameOfReferenceUID="1.2.3.9"),
    ]
    image = item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID="1.2.3.4.10")
    contour = item(
        ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=3, ContourData=points, ContourImageSequence=[image]
    )
    made.ROIContourSequence = [item(ReferencedROINumber=7, ROIDisplayColor=[255, 0, 9], ContourSequence=[contour])]
    return made


def test_structures_are_read(tmp_path: Path) -> None:
    lung, empty = read_outlines(save(structure_set(SQUARE), tmp_path / "rt.dcm"))
    assert (lung.number, lung.name, lung.colour) == (7, "左肺", (255, 0, 9))
    (contour,) = lung.contours
    assert contour.images == ("1.2.3.4.10",) and contour.points_mm.tolist() == np.reshape(SQUARE, (3, 3)).tolist()
    assert (empty.name, empty.contours, empty.colour) == ("empty", (), None)


def test_damage_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="triples"):
        read_outlines(save(structure_set(SQUARE[:-1]), tmp_path / "rt.dcm"))
    with pytest.raises(Unreadable, match="no structure set"):
        read_outlines(save(dataset(np.zeros((4, 4), np.uint16)), tmp_path / "ct.dcm"))


@given(
    st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), min_size=1, max_size=9),
    st.sampled_from([(1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, -1), (1, 0, 0, 0, 0, -1), (0.8, 0.6, 0, -0.6, 0.8, 0)]),
)
def test_pixels_go_out_and_come_back(pixels: list[tuple[float, float]], orientation: tuple[float, ...]) -> None:
    """Column and row to mm by the standard's equation, and back; a shift along the normal is the distance."""
    position, spacing = (-100.0, 20.0, 5.0), (0.5, 0.7)
    along, down = np.array(orientation[:3]), np.array(orientation[3:])
    points = np.array([np.array(position) + along * 0.7 * c + down * 0.5 * r for c, r in pixels])
    back, distance = on_image(points, position, orientation, spacing)
    assert np.allclose(back, pixels, atol=1e-6) and distance < 1e-6
    assert on_image(points + 3 * np.cross(along, down), position, orientation, spacing)[1] == pytest.approx(3)


def test_a_contour_lies_on_the_image_it_names(tmp_path: Path) -> None:
    stack(tmp_path, [(0, 0, 2.0 * i) for i in range(4)], FrameOfReferenceUID="1.2.3.9")
    series = read_images([tmp_path]).studies[0].series[0]
    structures = read_outlines(save(structure_set([1, 1, 0, 2, 1, 0, 2, 3, 0]), tmp_path / "rt.bin"))
    found = on_series(structures, series)
    assert list(found) == [("1.2.3.4.10", 0)]
    (drawn,) = found["1.2.3.4.10", 0]
    assert drawn.closed and drawn.structure.name == "左肺"
    assert np.allclose(drawn.points, [(2, 2), (4, 2), (4, 6)])


def test_a_contour_without_images_goes_to_the_nearest_slice_of_its_frame(tmp_path: Path) -> None:
    made = structure_set([1, 1, 4.6, 2, 1, 4.6, 2, 3, 4.6])
    del made.ROIContourSequence[0].ContourSequence[0].ContourImageSequence
    structures = read_outlines(save(made, tmp_path / "rt.bin"))
    stack(tmp_path, [(0, 0, 2.0 * i) for i in range(4)], FrameOfReferenceUID="1.2.3.9")
    series = read_images([tmp_path]).studies[0].series[0]
    assert list(on_series(structures, series)) == [("1.2.3.4.12", 0)]
    (tmp_path / "other").mkdir()
    stack(tmp_path / "other", [(0, 0, 2.0 * i) for i in range(4)], FrameOfReferenceUID="1.2.3.8")
    assert not on_series(structures, read_images([tmp_path / "other"]).studies[0].series[0])


def test_a_contour_off_every_slice_is_not_drawn(tmp_path: Path) -> None:
    stack(tmp_path, [(0, 0, 2.0 * i) for i in range(4)])
    structures = read_outlines(save(structure_set([1, 1, 30, 2, 1, 30, 2, 3, 30]), tmp_path / "rt.bin"))
    assert not on_series(structures, read_images([tmp_path]).studies[0].series[0])
