"""Encapsulated PDF as pictures of its pages; histograms and colour tables."""

from pathlib import Path

import numpy as np
import pytest
from fpdf import FPDF

from core.errors import Unreadable
from core.imaging.colours import colour_map, colour_maps
from core.imaging.document import draw_page, page_count
from core.imaging.histogram import histogram
from core.imaging.pixels import Frame
from core.imaging.report_export import write_encapsulated_pdf
from core.imaging.window import Grey
from tests.core.imaging.made import dataset, save


def pdf(pages: int) -> bytes:
    made = FPDF(unit="mm", format=(100, 50))
    for number in range(pages):
        made.add_page()
        made.set_fill_color(255 if number else 0, 0, 0)
        made.rect(0, 0, 50, 50, style="F")
    return bytes(made.output())


def document(folder: Path, content: bytes) -> Path:
    image = save(dataset(np.zeros((4, 4), np.uint16)), folder / "image.dcm")
    write_encapsulated_pdf(folder / "pdf.dcm", content, str(image), title="A report")
    return folder / "pdf.dcm"


def test_pages_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    path = document(tmp_path, pdf(2))
    assert page_count(path) == 2
    page = draw_page(path, 1)
    assert page.shape[2] == 3 and page.shape[1] == pytest.approx(2 * page.shape[0], abs=2)
    assert page[50, 50].tolist() == [255, 0, 0] and page[50, -50].tolist() == [255, 255, 255]


def test_damage_and_other_kinds_are_said(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    with pytest.raises(Unreadable, match="damaged"):
        page_count(document(tmp_path, b"%PDF-1.4 nothing else"))
    with pytest.raises(Unreadable, match="holds no PDF"):
        page_count(save(dataset(np.zeros((4, 4), np.uint16)), tmp_path / "a.dcm"))


def test_histogram_counts_values_in_units_without_padding() -> None:
    stored = np.array([[-2000, 0, 0, 10]], np.int16)
    found = histogram(Frame(stored, Grey(2.0, -1000.0), padding=(-2000, -2000)), bins=10)
    assert found is not None and (found.low, found.high) == (-1000, -980)
    assert found.counts.tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert histogram(Frame(np.zeros((2, 2, 3), np.uint8))) is None


def test_colour_tables_rise_in_lightness() -> None:
    """A table that is not darker to lighter would order values falsely."""
    for table in colour_maps():
        light = table.rgb @ np.array([0.2126, 0.7152, 0.0722])
        assert table.rgb.shape == (256, 3) and np.diff(light).min() >= -1.5, table.id
    assert colour_map("hot-iron").rgb[127].tolist() == [254, 0, 0]  # type: ignore[union-attr]
    assert colour_map("") is None
