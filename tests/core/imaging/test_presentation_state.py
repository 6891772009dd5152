"""Presentation states read as values: references, VOI, turns, areas, graphics, shutters; what is left out is named."""

from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

from core.errors import Unreadable
from core.imaging.presentation_state import GREYSCALE, read_presentation_state
from core.imaging.window import Window

IMAGE = "1.2.3.4.5"


def item(**tags: object) -> Dataset:
    made = Dataset()
    for keyword, value in tags.items():
        setattr(made, keyword, value)
    return made


def reference(uid: str = IMAGE, frame: int | None = None) -> Dataset:
    made = item(ReferencedSOPClassUID=UID("1.2.840.10008.5.1.4.1.1.2"), ReferencedSOPInstanceUID=UID(uid))
    if frame is not None:
        made.ReferencedFrameNumber = frame
    return made


def state(path: Path, images: tuple[str, ...] = (IMAGE,), **tags: object) -> Path:
    """A presentation state on disk."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = UID(GREYSCALE)
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.4.99")
    made.StudyInstanceUID, made.SeriesInstanceUID, made.Modality = UID("1.2.3"), UID("1.2.3.9"), "PR"
    made.PatientID, made.PatientName = "SYN-1", "SAMPLE^One"
    made.ContentLabel, made.ContentDescription = "TEST", "test state"
    named = [reference(uid) for uid in images]
    series = item(SeriesInstanceUID=UID("1.2.3.4"), ReferencedImageSequence=Sequence(named))
    made.ReferencedSeriesSequence = Sequence([series] if images else [])
    made.PresentationLUTShape = "IDENTITY"
    for keyword, value in tags.items():
        setattr(made, keyword, value)
    made.save_as(path, enforce_file_format=True)
    return path


def test_references_turns_and_inversion(tmp_path: Path) -> None:
    path = state(tmp_path / "pr.dcm", ImageRotation=270, ImageHorizontalFlip="Y", PresentationLUTShape="INVERSE")
    found = read_presentation_state(path)
    assert (found.turns, found.flipped, found.inverse, found.label) == (3, True, True, "TEST")
    assert found.names((IMAGE, 0)) and found.names((IMAGE, 4)) and not found.names(("1.2", 0))


def test_window_of_one_image_stands_before_that_of_all(tmp_path: Path) -> None:
    own = item(WindowCenter="40", WindowWidth="80", ReferencedImageSequence=Sequence([reference()]))
    every = item(WindowCenter="100", WindowWidth="200")
    path = state(tmp_path / "pr.dcm", (IMAGE, "1.2.3.4.6"), SoftcopyVOILUTSequence=Sequence([every, own]))
    found = read_presentation_state(path)
    assert found.of(found.voi, (IMAGE, 0)) == Window(40, 80)
    assert found.of(found.voi, ("1.2.3.4.6", 0)) == Window(100, 200)


def test_area_runs_to_the_outer_edges_of_its_corner_pixels(tmp_path: Path) -> None:
    area = item(
        DisplayedAreaTopLeftHandCorner=[3, 5],
        DisplayedAreaBottomRightHandCorner=[10, 20],
        PresentationSizeMode="MAGNIFY",
        PresentationPixelMagnificationRatio=2.0,
    )
    found = read_presentation_state(state(tmp_path / "pr.dcm", DisplayedAreaSelectionSequence=Sequence([area])))
    shown = found.of(found.areas, (IMAGE, 0))
    assert shown.corners == ((1.5, 3.5), (9.5, 19.5)) and (shown.mode, shown.magnification) == ("MAGNIFY", 2.0)


def test_graphics_count_from_the_centre_of_the_first_pixel(tmp_path: Path) -> None:
    shape = item(
        GraphicAnnotationUnits="PIXEL", GraphicDimensions=2, NumberOfGraphicPoints=2, GraphicData=[0.5, 0.5, 10.5, 4.5],
        GraphicType="POLYLINE", GraphicFilled="N",
    )  # fmt: skip
    words = item(
        BoundingBoxAnnotationUnits="DISPLAY", UnformattedTextValue="see here", BoundingBoxTopLeftHandCorner=[0.1, 0.2],
        BoundingBoxBottomRightHandCorner=[0.3, 0.4], BoundingBoxTextHorizontalJustification="LEFT",
    )  # fmt: skip
    group = item(GraphicLayer="L", GraphicObjectSequence=Sequence([shape]), TextObjectSequence=Sequence([words]))
    found = read_presentation_state(state(tmp_path / "pr.dcm", GraphicAnnotationSequence=Sequence([group])))
    line, text = found.of(found.graphics, (IMAGE, 0))
    assert line.points == ((0.0, 0.0), (10.0, 4.0)) and not line.display
    assert text.kind == "TEXT" and text.display and text.text == "see here"
    assert text.points == (pytest.approx((0.1, 0.2)), pytest.approx((0.3, 0.4)))


def test_shutters(tmp_path: Path) -> None:
    path = state(
        tmp_path / "pr.dcm", ShutterShape=["RECTANGULAR", "CIRCULAR", "POLYGONAL"], ShutterLeftVerticalEdge=2,
        ShutterRightVerticalEdge=9, ShutterUpperHorizontalEdge=3, ShutterLowerHorizontalEdge=8,
        CenterOfCircularShutter=[5, 6], RadiusOfCircularShutter=3, VerticesOfThePolygonalShutter=[1, 2, 3, 4, 5, 6],
        ShutterPresentationValue=65535,
    )  # fmt: skip
    shutter = read_presentation_state(path).shutter
    assert shutter is not None and shutter.value == 1.0
    assert shutter.rectangle == (1.5, 2.5, 7.5, 6.5)
    assert shutter.circle == ((5, 4), 3) and shutter.polygon == ((1, 0), (3, 2), (5, 4))


def test_what_is_not_done_is_named(tmp_path: Path) -> None:
    lut = item(LUTDescriptor=[2, 0, 8], LUTData=b"\x00\x01")
    path = state(tmp_path / "pr.dcm", PresentationLUTSequence=Sequence([lut]), ShutterShape="BITMAP")
    assert set(read_presentation_state(path).left_out) == {"a presentation LUT", "a bitmap shutter"}


@pytest.mark.parametrize(
    ("tags", "words"),
    [({"images": ()}, "names no images"), ({"ImageRotation": 45}, "no quarter turn"),
     ({"SOPClassUID": UID("1.2.840.10008.5.1.4.1.1.11.4")}, "another kind")],
)  # fmt: skip
def test_what_cannot_be_applied_is_refused_by_name(tmp_path: Path, tags: dict[str, object], words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read_presentation_state(state(tmp_path / "pr.dcm", **tags))  # type: ignore[arg-type]
