"""Cine, copy, layouts, slabs, the memory bound, directions on cuts: seen in the real widgets."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from core.imaging.study import read_images
from tests.core.imaging.made import stack
from tests.ui.viewer.test_viewer import application, ct, film, viewer, wait  # noqa: F401  fixtures
from ui.viewer.marks import KEY
from ui.viewer.source import CutSource
from ui.viewer.viewer import Viewer


def test_cine_goes_round_and_stops(application: QApplication, ct: Viewer) -> None:  # noqa: F811
    ct.current.go(18)
    ct.act("cine")
    wait(application, lambda: ct.current.model.index in {0, 1})
    ct.act("cine")
    assert not ct.cine().isActive()


def test_copy_puts_the_picture_with_identity_on_the_clipboard(film: Viewer) -> None:  # noqa: F811
    film.set_identity(("SAMPLE, One", "SYN-1"))
    film.act("copy")
    copied = QGuiApplication.clipboard().image()
    assert (copied.width(), copied.height()) == (film.current.width(), film.current.height())
    plate = [copied.pixelColor(x, 18).lightness() for x in range(10, 90)]
    assert max(plate) > 180 and min(plate) < 80, "the identity stands in the picture"


@pytest.mark.parametrize(("mode", "count"), [("1", 1), ("2", 2), ("3", 3), ("4", 4)])
def test_layouts(ct: Viewer, mode: str, count: int) -> None:  # noqa: F811
    ct.act(f"layout:{mode}")
    assert len(ct.shown_viewports()) == count
    assert sum(view.isVisible() for view in ct.viewports) == count


def test_slab_is_the_maximum_and_says_its_thickness(application: QApplication, ct: Viewer) -> None:  # noqa: F811
    ct.act("layout:mpr")
    wait(application, lambda: ct.layout_mode() == "mpr")
    view = ct.viewports[0]
    source = view.model.source
    assert isinstance(source, CutSource)
    view.model.go(10)
    assert int(source.get(10).stored.max()) == 10
    ct.act("slab")
    assert source.thickness == 5 and int(source.get(10).stored.max()) == 12
    assert "MIP 10 mm" in view.footer


def test_cuts_say_where_they_look_from(application: QApplication, ct: Viewer) -> None:  # noqa: F811
    ct.act("layout:mpr")
    wait(application, lambda: ct.layout_mode() == "mpr")
    assert [view.model.orientation() for view in ct.viewports[:3]] == [
        ("R", "A", "L", "P"), ("R", "H", "L", "F"), ("A", "H", "P", "F"),
    ]  # fmt: skip


def test_a_volume_past_the_memory_setting_is_not_built(application: QApplication, ct: Viewer) -> None:  # noqa: F811
    ct.cache.resize(1000)
    ct.act("layout:mpr")
    assert ct.layout_mode() == "1" and "memory setting" in ct.current.warnings[0].en
    assert ct.cache.bytes <= 32 * 32 * 2


def test_next_key_image(application: QApplication, ct: Viewer) -> None:  # noqa: F811
    for index in (3, 12):
        ct.current.go(index)
        ct.act("key")
    assert len([m for m in ct.measurements() if m.kind == KEY]) == 2
    ct.act("key:next")
    assert ct.current.model.index == 3
    ct.act("key:next")
    assert ct.current.model.index == 12


def test_stacks_of_one_frame_of_reference_follow_by_position(
    application: QApplication,  # noqa: F811
    viewer: Viewer,  # noqa: F811
    tmp_path: Path,
) -> None:
    for name, shift in (("a", 0.0), ("b", 6.0)):
        (tmp_path / name).mkdir()
        stack(tmp_path / name, [(0, 0, shift + 2.0 * i) for i in range(10)], first=int(10 * shift),
              SeriesInstanceUID=f"1.2.3.4.{name == 'a':d}", FrameOfReferenceUID="1.9")  # fmt: skip
    viewer.show_study(read_images([tmp_path]).studies)
    viewer.act("layout:2")
    left, right = viewer.shown_viewports()
    wait(application, lambda: left.frame() is not None and right.frame() is not None)
    assert left.model.source is not None and right.model.source is not None
    left.go(1)
    left.go(6)
    planes = [view.model.source.plane(view.model.index) for view in (left, right)]  # type: ignore[union-attr]
    assert np.isclose(planes[0].position[2], planes[1].position[2])  # type: ignore[union-attr]
    viewer.refresh()
    assert "linked by position" in right.footer
    viewer.act("link")
    left.go(2)
    assert not np.isclose(right.model.source.plane(right.model.index).position[2], 4.0)  # type: ignore[union-attr]
