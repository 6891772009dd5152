"""Stored values, presentation and what DICOM says about them."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from core.errors import Unreadable
from core.imaging.pixels import frame, presentation, render, value_at
from core.imaging.window import Table, Window
from tests.core.imaging.made import dataset, save

RAMP = np.arange(64, dtype=np.int16).reshape(8, 8) * 50 - 1000


def test_rescale_and_window(tmp_path: Path) -> None:
    made = dataset(RAMP, RescaleSlope=2, RescaleIntercept=-10, WindowCenter=[40, -600], WindowWidth=[400, 1500])
    image = frame(save(made, tmp_path / "a.dcm"))
    assert image.windows == (Window(40, 400), Window(-600, 1500))
    assert image.unit == "HU"
    assert value_at(image, 3, 2) == RAMP[2, 3] * 2 - 10
    assert value_at(image, 8, 0) is None


def test_monochrome1_is_shown_inverted(tmp_path: Path) -> None:
    plain = save(dataset(RAMP, WindowCenter=100, WindowWidth=2000), tmp_path / "a.dcm")
    made = dataset(RAMP, WindowCenter=100, WindowWidth=2000, PhotometricInterpretation="MONOCHROME1")
    inverted = save(made, tmp_path / "b.dcm")
    assert np.abs(presentation(plain).astype(int) + presentation(inverted) - 255).max() <= 1
    assert (render(frame(inverted), invert=True) == presentation(plain)).all()


def test_without_a_window_the_whole_range_is_shown(tmp_path: Path) -> None:
    shown = presentation(save(dataset(RAMP), tmp_path / "a.dcm"))
    assert (shown.min(), shown.max()) == (0, 255)


def test_padding_does_not_stretch_the_range(tmp_path: Path) -> None:
    pixels = RAMP.copy()
    pixels[0, 0] = -32000
    made = dataset(pixels)
    made.add_new(0x00280120, "SS", -32000)
    window = frame(save(made, tmp_path / "a.dcm")).default_window()
    assert isinstance(window, Window)
    assert window.centre - window.width / 2 == -950


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("signed", [False, True])
def test_bits_above_the_stored_ones_do_not_count(tmp_path: Path, bits: int, signed: bool) -> None:
    rng = np.random.default_rng(bits)
    low, high = (-(1 << bits - 1), (1 << bits - 1)) if signed else (0, 1 << bits)
    wanted = rng.integers(low, high, (6, 6))
    garbage = rng.integers(0, 1 << (16 - bits), (6, 6)) << bits
    pixels = ((wanted & ((1 << bits) - 1)) | garbage).astype(np.uint16)
    made = dataset(pixels, BitsStored=bits, HighBit=bits - 1, PixelRepresentation=int(signed))
    assert (frame(save(made, tmp_path / "a.dcm")).stored == wanted).all()


def test_every_syntax_gives_the_same_values(tmp_path: Path) -> None:
    """Explicit, implicit, deflated, RLE and a file without preamble."""
    wanted = frame(save(dataset(RAMP), tmp_path / "explicit.dcm")).stored
    for name, syntax in (("implicit", ImplicitVRLittleEndian), ("deflated", DeflatedExplicitVRLittleEndian)):
        made = dataset(RAMP)
        made.file_meta.TransferSyntaxUID = syntax
        assert (frame(save(made, tmp_path / f"{name}.dcm")).stored == wanted).all(), name
    packed = dataset(RAMP)
    packed.compress(RLELossless)
    assert (frame(save(packed, tmp_path / "rle.dcm")).stored == wanted).all()
    bare = dataset(RAMP)
    del bare.file_meta
    bare.save_as(tmp_path / "bare.dcm", implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert (frame(tmp_path / "bare.dcm").stored == wanted).all()


def test_colour_and_palette(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    path = save(dataset(rgb), tmp_path / "rgb.dcm")
    assert (frame(path).stored == rgb).all()
    assert np.abs(presentation(path) - rgb @ [0.299, 0.587, 0.114]).max() <= 0.51
    index = np.array([[0, 1], [2, 3]], np.uint8)
    made = dataset(index, PhotometricInterpretation="PALETTE COLOR")
    for name, table in (("Red", [0, 255, 0, 9]), ("Green", [0, 0, 255, 9]), ("Blue", [0, 0, 0, 9])):
        setattr(made, f"{name}PaletteColorLookupTableDescriptor", [4, 0, 8])
        setattr(made, f"{name}PaletteColorLookupTableData", bytes(table))
    shown = frame(save(made, tmp_path / "palette.dcm")).stored
    assert shown.tolist() == [[[0, 0, 0], [255, 0, 0]], [[0, 255, 0], [9, 9, 9]]]


def test_voi_lut_sequence_comes_before_the_window(tmp_path: Path) -> None:
    made = dataset(np.array([[0, 1, 2, 3]], np.uint16), WindowCenter=1, WindowWidth=2)
    item = pydicom.Dataset()
    item.LUTDescriptor, item.LUTData = [4, 0, 8], [0, 10, 100, 255]
    item["LUTDescriptor"].VR = item["LUTData"].VR = "US"
    made.VOILUTSequence = [item]
    path = save(made, tmp_path / "a.dcm")
    assert isinstance(frame(path).windows[0], Table)
    assert presentation(path).tolist() == [[0, 10, 100, 255]]


def test_pictures(tmp_path: Path) -> None:
    grey = np.arange(100, dtype=np.uint8).reshape(10, 10)
    Image.fromarray(grey).save(tmp_path / "a.png")
    assert (frame(tmp_path / "a.png").stored == grey).all()
    Image.fromarray(np.dstack([grey, grey, grey])).save(tmp_path / "b.png")
    assert frame(tmp_path / "b.png").stored.ndim == 2
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)).save(tmp_path / "d.png")
    (tmp_path / "c.png").write_bytes((tmp_path / "d.png").read_bytes()[:2000])
    with pytest.raises(Unreadable):
        frame(tmp_path / "c.png")


def test_a_cut_off_file_is_refused_by_name(tmp_path: Path) -> None:
    path = save(dataset(RAMP), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(Unreadable, match=r"a\.dcm"):
        presentation(path)
    with pytest.raises(Unreadable, match="no frame 2"):
        frame(save(dataset(RAMP), tmp_path / "b.dcm"), 1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_bytes_give_a_picture_or_a_clear_refusal(tmp_path: Path, data: st.DataObject) -> None:
    path = save(dataset(RAMP, WindowCenter=40, WindowWidth=400), tmp_path / "a.dcm")
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(raw))
    try:
        shown = presentation(path)
    except Unreadable as error:
        assert str(error)
    else:
        assert shown.dtype == np.uint8 and shown.ndim == 2
