"""The viewer's window part: what the hands do, what is seen."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from core.domain.basics import Label, Quantity, Version
from core.domain.explanation import ImageExplanation
from core.domain.imaging import Measurement
from core.imaging.sr_export import write_measurements
from core.imaging.study import read_images
from core.paths import RESOURCES
from tests.core.imaging.made import dataset, save, stack
from ui.translate import LANGUAGE
from ui.viewer import plates
from ui.viewer.source import CutSource, SeriesSource
from ui.viewer.viewer import Viewer
from ui.viewer.viewport_model import Overlay

FILM = RESOURCES / "samples" / "child-cough" / "film.dcm"


@pytest.fixture(scope="module")
def application() -> QApplication:
    found = QApplication.instance()
    return found if isinstance(found, QApplication) else QApplication([])


@pytest.fixture
def viewer(application: QApplication) -> Iterator[Viewer]:
    made = Viewer(budget_bytes=64 * 1024**2)
    made.resize(800, 700)
    made.show()
    yield made
    made.close()
    made.deleteLater()
    application.processEvents()
    LANGUAGE.use("en")


def wait(application: QApplication, until: Callable[[], bool], seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "what was waited for did not come"
        application.processEvents()


def shown(viewer: Viewer) -> bool:
    return viewer.current.frame() is not None


@pytest.fixture
def film(application: QApplication, viewer: Viewer) -> Viewer:
    viewer.show_study(read_images([FILM]).studies)
    wait(application, lambda: shown(viewer))
    application.processEvents()
    return viewer


@pytest.fixture
def ct(application: QApplication, viewer: Viewer, tmp_path: Path) -> Viewer:
    stack(tmp_path, [(0, 0, 2.0 * i) for i in range(20)], shape=(32, 32))
    viewer.show_study(read_images([tmp_path]).studies)
    wait(application, lambda: shown(viewer))
    return viewer


def at(viewer: Viewer, column: float, row: float) -> QPoint:
    image = viewer.current.frame()
    assert image is not None
    x, y = viewer.current.place(image).to_screen((column, row))
    return QPoint(round(x), round(y))


def drag(viewer: Viewer, a: QPoint, b: QPoint, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
    view = viewer.current
    QTest.mousePress(view, button, Qt.KeyboardModifier.NoModifier, a)
    for step in (0.3, 0.7, 1.0):
        QTest.mouseMove(view, a + (b - a) * step)
    QTest.mouseRelease(view, button, Qt.KeyboardModifier.NoModifier, b)


def test_the_film_is_seen_with_identity_and_synthetic_mark(film: Viewer) -> None:
    film.set_identity(("SAMPLECHILD, Ben · M 3", "SYN-003301"))
    picture = film.current.grab().toImage()
    middle = picture.pixelColor(picture.width() // 2, picture.height() // 2)
    assert middle.lightness() > 60
    assert film.current.identity[:2] == ("SAMPLECHILD, Ben · M 3", "SYN-003301")
    assert film.current.synthetic


def test_length_is_drawn_moved_undone_and_deleted(film: Viewer) -> None:
    changes = []
    film.measurementsChanged.connect(lambda: changes.append(len(film.measurements())))
    film.act("tool:length")
    drag(film, at(film, 200, 300), at(film, 600, 300))
    (mark,) = film.measurements()
    assert dict(mark.values)["length"].value == pytest.approx(100, abs=1.5)
    assert mark.image_id == read_images([FILM]).refs[0].id
    drag(film, at(film, 600, 300), at(film, 800, 300))
    (moved,) = film.measurements()
    assert moved.id == mark.id and dict(moved.values)["length"].value == pytest.approx(150, abs=1.5)
    film.act("undo")
    assert film.measurements() == (mark,)
    film.act("redo")
    film.act("delete")
    assert film.measurements() == ()
    assert changes == [1, 1, 1, 1, 0]


def test_cardiothoracic_ratio_takes_two_drags(film: Viewer) -> None:
    film.act("tool:ratio")
    drag(film, at(film, 400, 500), at(film, 640, 540))
    assert film.measurements() == ()
    drag(film, at(film, 200, 700), at(film, 680, 660))
    (mark,) = film.measurements()
    assert dict(mark.values)["ratio"].value == pytest.approx(0.5, abs=0.01)


def test_angle_takes_two_legs(film: Viewer) -> None:
    film.act("tool:angle")
    drag(film, at(film, 500, 200), at(film, 500, 500))
    QTest.mouseMove(film.current, at(film, 800, 500))
    QTest.mouseClick(film.current, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at(film, 800, 500))
    (mark,) = film.measurements()
    assert dict(mark.values)["angle"].value == pytest.approx(90, abs=1)


def test_window_drag_changes_width_and_level_and_key_one_brings_them_back(film: Viewer) -> None:
    image = film.current.frame()
    assert image is not None
    before = film.current.model.voi(image)
    drag(film, QPoint(300, 300), QPoint(400, 250))
    after = film.current.model.voi(image)
    assert after.width > before.width and after.centre < before.centre  # type: ignore[union-attr]
    QTest.keyClick(film.current, Qt.Key.Key_1)
    assert film.current.model.voi(image) == before


def test_pan_zoom_and_reset(film: Viewer) -> None:
    drag(film, QPoint(300, 300), QPoint(340, 320), Qt.MouseButton.MiddleButton)
    assert film.current.model.pose.pan == pytest.approx((40, 20), abs=2)
    drag(film, QPoint(300, 300), QPoint(300, 200), Qt.MouseButton.RightButton)
    assert film.current.model.pose.zoom > 0.6
    film.act("flip")
    film.act("rotate:right")
    film.act("invert")
    words = " ".join(plates.warnings(film.current))
    assert "flipped" in words and "rotated 90" in words and "inverted" in words
    film.act("reset")
    assert plates.warnings(film.current) == ()


def test_keys_work_and_can_be_changed(application: QApplication, ct: Viewer) -> None:
    def press(key: Qt.Key, expected: int) -> None:
        QTest.keyClick(ct.current, key)
        wait(application, lambda: ct.current.model.index == expected)

    ct.activateWindow()
    ct.current.setFocus()
    wait(application, lambda: ct.isActiveWindow() and application.focusWidget() is ct.current)
    start = ct.current.model.index
    press(Qt.Key.Key_Down, start + 1)
    press(Qt.Key.Key_End, 19)
    ct.use_keys({"J": "first"})
    press(Qt.Key.Key_Down, 19)
    press(Qt.Key.Key_J, 0)


def test_mpr_cuts_are_linked(application: QApplication, ct: Viewer) -> None:
    ct.act("layout:mpr")
    wait(application, lambda: ct.layout_mode() == "mpr")
    sources = [v.model.source for v in ct.viewports[:3]]
    assert all(isinstance(s, CutSource) for s in sources)
    ct.point_at(0, 5, 9)
    assert [v.model.index for v in ct.viewports[:3]] == [10, 9, 5]
    ct.act("layout:1")
    wait(application, lambda: shown(ct))
    assert isinstance(ct.current.model.source, SeriesSource)


def test_a_stack_that_is_no_volume_says_why(application: QApplication, viewer: Viewer, tmp_path: Path) -> None:
    stack(tmp_path, [(0, 0, 0), (0, 0, 1.08), (0, 0, 5.08), (0, 0, 12.08)])
    viewer.show_study(read_images([tmp_path]).studies)
    wait(application, lambda: shown(viewer))
    viewer.act("layout:mpr")
    assert viewer.layout_mode() == "1" and "uneven" in viewer.current.warnings[0].en


def test_what_cannot_be_decoded_is_named_not_black(application: QApplication, viewer: Viewer, tmp_path: Path) -> None:
    path = save(dataset(np.zeros((64, 64), np.uint16), Modality="DX"), tmp_path / "cut.dcm")
    studies = read_images([path]).studies
    path.write_bytes(path.read_bytes()[:-200])
    viewer.show_study(studies)
    wait(application, lambda: bool(viewer.current.model.error) or viewer.current.frame() is None)
    assert "cut.dcm" in viewer.current.model.error


def test_the_evidence_map_lies_over_its_own_image_only(application: QApplication, film: Viewer) -> None:
    ref = read_images([FILM]).refs[0]
    values = np.zeros((8, 8))
    values[5, 2] = 1.0
    flat = tuple(float(v) for v in values.ravel())
    made = ImageExplanation(
        ref.id, Label("Pneumonia", "肺炎"), Version("p", "1"), "SHAP", 8, 8, flat, flat,
        (0, 0, ref.columns, ref.rows), 0, 0, 0, "blur", 1, 1, 0, 1,
    )  # fmt: skip
    before = film.current.grab().toImage()
    film.set_overlay(made)
    assert film.evidence_bar.isVisible() and film.current.heat is not None
    film.set_overlay_mode(Overlay.HEAT)
    place = at(film, ref.columns * 2.5 / 8, ref.rows * 5.5 / 8)
    tinted = film.current.grab().toImage().pixelColor(place)
    assert tinted.red() > tinted.green() + 20
    QTest.keyPress(film.current, Qt.Key.Key_B)
    assert film.current.blink
    QTest.keyRelease(film.current, Qt.Key.Key_B)
    assert not film.current.blink
    film.set_overlay(replace(made, image_id="image:other"))
    assert film.current.heat is None
    film.set_overlay(None)
    assert not film.evidence_bar.isVisible()
    wait(application, lambda: film.current.height() == before.height())
    assert film.current.grab().toImage() == before


def test_language_and_key_images(film: Viewer) -> None:
    film.act("key")
    assert film.key_images == (film.shown_image_id(),)
    LANGUAGE.use("zh")
    film.refresh()
    assert any("关键图像" in line for line in film.current.footer)
    assert "1 默认" in [b.text() for b in film.tool_bar._presets]
    film.act("key")
    assert film.key_images == ()


def test_priors_stand_beside_the_current_study(application: QApplication, viewer: Viewer, tmp_path: Path) -> None:
    stack(tmp_path, [(0, 0, 2.0 * i) for i in range(5)])
    viewer.show_study(read_images([FILM]).studies, priors=read_images([tmp_path]).studies)
    viewer.act("layout:2")
    wait(application, lambda: all(v.frame() is not None for v in viewer.shown_viewports()))
    assert len({v.model.image_id() for v in viewer.shown_viewports()}) == 2
    viewer.act("maximise")
    assert len(viewer.shown_viewports()) == 1
    viewer.act("maximise")
    assert len(viewer.shown_viewports()) == 2


def test_memory_is_let_go(application: QApplication, ct: Viewer) -> None:
    wait(application, lambda: len(ct.cache) == 20)
    ct.clear()
    application.processEvents()
    assert ct.cache.bytes == 0 and ct.series_keys() == []
    assert ct.current.frame() is None


def test_references_find_their_series_again(application: QApplication, viewer: Viewer, tmp_path: Path) -> None:
    """A case keeps one reference to a stack; the whole stack is shown, at that slice, under the reference's id."""
    stack(tmp_path, [(0, 0, 2.0 * i) for i in range(40)])
    refs = read_images([tmp_path, FILM]).refs
    viewer.show_images(refs)
    wait(application, lambda: len(viewer.series_keys()) == 2)
    wait(application, lambda: shown(viewer))
    assert viewer.shown_image_id() == refs[0].id
    source = viewer.current.model.source
    assert source is not None and source.count == 40 and viewer.current.model.index == 20
    viewer.show_image(refs[1])
    assert viewer.shown_image_id() == refs[1].id


def test_opening_and_closing_series_leaves_no_frames(application: QApplication, viewer: Viewer, tmp_path: Path) -> None:
    """Thirty times: the cache is empty after each, and no viewport holds a frame."""
    stack(tmp_path, [(0, 0, 2.0 * i) for i in range(8)], shape=(64, 64))
    studies = read_images([tmp_path]).studies
    for _ in range(30):
        viewer.show_study(studies)
        wait(application, lambda: shown(viewer))
        viewer.clear()
        assert all(v.model.source is None and v._renderer._frame is None for v in viewer.viewports)
    wait(application, lambda: viewer.cache.bytes == 0)


def test_reports_and_segments_stand_beside_the_pictures(
    application: QApplication, viewer: Viewer, tmp_path: Path
) -> None:
    from core.imaging.segmentation import Segment, Segmentation
    from ui.viewer.objects import ReportDialog, outlined

    film = read_images([FILM])
    mark = Measurement("m", film.refs[0].id, "length", ((1, 1), (9, 1)), (("length", Quantity(2.0, "mm")),))
    write_measurements(tmp_path / "sr.dcm", [mark], {film.refs[0].id: (str(FILM), 0)}, observer="EXAMPLE^Dr")
    viewer.show_study(read_images([FILM, tmp_path]).studies)
    wait(application, lambda: shown(viewer))
    viewer.strip.chosen.emit(str(tmp_path / "sr.dcm"))
    wait(application, lambda: bool(viewer.findChildren(ReportDialog)))
    (dialog,) = viewer.findChildren(ReportDialog)
    assert dialog.tree.topLevelItem(0).childCount() > 2
    dialog.close()
    mask = np.zeros((960, 960), bool)
    mask[300:500, 300:500] = True
    key = (film.refs[0].sop_instance_uid, 0)
    viewer.opener._regions_ready(outlined(Segmentation("", (Segment(1, "x", (0, 255, 0), ""),), {key: ((1, mask),)})))
    inside = viewer.current.grab().toImage().pixelColor(at(viewer, 350, 350))
    assert inside.green() > inside.red() + 15
    viewer.region_bar.modeChanged.emit("off")
    inside = viewer.current.grab().toImage().pixelColor(at(viewer, 350, 350))
    assert inside.green() == inside.red()
