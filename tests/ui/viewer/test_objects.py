"""What comes beside the pictures: states, structures, documents, priors, histogram, key images, print, options."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.sequence import Sequence
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from core.imaging.study import read_images
from core.imaging.window import Window
from tests.core.imaging.made import dataset, save, stack
from tests.core.imaging.test_outlines import structure_set
from tests.core.imaging.test_presentation_state import item, reference, state
from tests.ui.viewer.test_viewer import application, ct, drag, film, shown, viewer, wait  # noqa: F401  fixtures
from ui.settings import Settings
from ui.viewer import options, plates, print_layout
from ui.viewer.print_dialog import PrintDialog
from ui.viewer.settings_dialog import VIEWER, WINDOW, ViewerSettings
from ui.viewer.viewer import Viewer


def open_all(application: QApplication, viewer: Viewer, *folders: Path) -> None:  # noqa: F811
    viewer.show_study(read_images(folders).studies)
    wait(application, lambda: shown(viewer))


# Presentation states


@pytest.fixture
def with_state(application: QApplication, viewer: Viewer, tmp_path: Path) -> Viewer:  # noqa: F811
    pixels = np.tile(np.arange(64, dtype=np.uint16) * 16, (64, 1))
    save(dataset(pixels, Modality="DX"), tmp_path / "film.dcm")
    save(dataset(pixels, Modality="DX", SOPInstanceUID="1.2.3.4.6"), tmp_path / "other.dcm")
    line = item(GraphicAnnotationUnits="PIXEL", GraphicDimensions=2, NumberOfGraphicPoints=2,
                GraphicData=[10.0, 20.0, 50.0, 20.0], GraphicType="POLYLINE", GraphicFilled="N")  # fmt: skip
    state(
        tmp_path / "pr.dcm", ImageRotation=90, ImageHorizontalFlip="N", PresentationLUTShape="INVERSE",
        SoftcopyVOILUTSequence=Sequence([item(WindowCenter="500", WindowWidth="100")]),
        GraphicAnnotationSequence=Sequence([item(GraphicLayer="L", GraphicObjectSequence=Sequence([line]))]),
        ShutterShape="CIRCULAR", CenterOfCircularShutter=[32, 32], RadiusOfCircularShutter=20,
        PresentationLUTSequence=Sequence([item(LUTDescriptor=[2, 0, 8], LUTData=b"\x00\x01",
                                               ReferencedImageSequence=Sequence([reference()]))]),
    )  # fmt: skip
    open_all(application, viewer, tmp_path)
    wait(application, lambda: bool(viewer.shelf.states))
    return viewer


def test_a_state_is_offered_applied_said_and_taken_back(with_state: Viewer) -> None:
    view, model = with_state.current, with_state.current.model
    assert any("1 presentation" in line for line in view.footer)
    with_state.act("state")
    image = view.frame()
    assert image is not None and model.voi(image) == Window(500, 100)
    assert (model.pose.turns, model.pose.flipped, model.invert) == (1, False, True)
    said = " ".join(plates.warnings(view))
    assert "test state" in said and "a presentation LUT" in said and "rotated 90" in said
    with_state.act("state")
    assert model.applied() is None and model.pose.turns == 0 and not model.invert and not plates.warnings(view)


def test_shutter_and_line_are_painted(with_state: Viewer) -> None:
    with_state.act("state")
    view = with_state.current
    seen = view.grab().toImage()
    image = view.frame()
    assert image is not None
    place = view.place(image)

    def colour(column: float, row: float) -> tuple[int, ...]:
        x, y = place.to_screen((column, row))
        return seen.pixelColor(round(x), round(y)).getRgb()[:3]

    assert colour(4, 4) == (0, 0, 0) and colour(60, 60) == (0, 0, 0)
    assert colour(12, 30)[0] > 200, "the low values are white, as the state inverts"
    red, green, blue = colour(30, 19.5)
    assert green > red + 20, "the state's line is green"


def test_a_state_holds_only_on_the_images_it_names(with_state: Viewer) -> None:
    with_state.act("state")
    model = with_state.current.model
    assert model.source is not None and model.source.count == 2
    with_state.current.go(1)
    assert model.applied() is None and model.pose.turns == 0 and not model.invert
    with_state.current.go(0)
    assert model.applied() is not None and model.pose.turns == 1


def test_the_tile_of_a_state_shows_the_image_it_names(with_state: Viewer) -> None:
    with_state.current.go(1)
    (path,) = with_state.shelf.states
    with_state.show_series(path)
    assert with_state.current.model.index == 0 and with_state.current.model.applied() is not None


def test_a_displayed_area_fills_the_viewport(application: QApplication, viewer: Viewer, tmp_path: Path) -> None:  # noqa: F811
    save(dataset(np.zeros((64, 64), np.uint16), Modality="DX"), tmp_path / "film.dcm")
    area = item(DisplayedAreaTopLeftHandCorner=[33, 1], DisplayedAreaBottomRightHandCorner=[64, 32],
                PresentationSizeMode="SCALE TO FIT")  # fmt: skip
    state(tmp_path / "pr.dcm", DisplayedAreaSelectionSequence=Sequence([area]))
    open_all(application, viewer, tmp_path)
    wait(application, lambda: bool(viewer.shelf.states))
    viewer.act("state")
    view = viewer.current
    image = view.frame()
    assert image is not None
    place = view.place(image)
    middle = place.to_screen((47.5, 15.5))
    assert middle == pytest.approx((view.width() / 2, view.height() / 2), abs=0.5)
    assert place.scale == pytest.approx(min(view.width(), view.height()) / 32)
    viewer.act("fit")
    assert view.place(image).scale == pytest.approx(min(view.width(), view.height()) / 64)


# Structures and documents


def test_rt_structures_are_drawn_hidden_and_blink(application: QApplication, viewer: Viewer, tmp_path: Path) -> None:  # noqa: F811
    stack(tmp_path, [(0, 0, 2.0 * i) for i in range(4)], shape=(32, 32))
    made = structure_set([2, 2, 0, 12, 2, 0, 12, 12, 0, 2, 12, 0])
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    made.SOPInstanceUID = "1.2.3.4.77"
    save(made, tmp_path / "rt.dcm")
    open_all(application, viewer, tmp_path)
    wait(application, lambda: bool(viewer.shelf.regions))
    viewer.current.go(0)
    viewer.refresh()
    assert viewer.region_bar.isVisible() and "1 / 1" in viewer.region_bar.names.text()

    def redness() -> int:
        image = viewer.current.frame()
        assert image is not None
        x, y = viewer.current.place(image).to_screen((14, 14))
        red, green, *_ = viewer.current.grab().toImage().pixelColor(round(x), round(y)).getRgb()
        return red - green

    assert redness() > 25
    viewer.region_bar.hiddenChanged.emit("左肺", True)
    assert redness() == 0 and "0 / 1" in viewer.region_bar.names.text()
    viewer.region_bar.hiddenChanged.emit("左肺", False)
    viewer.region_bar.modeChanged.emit("contour")
    assert redness() == 0
    viewer.region_bar.modeChanged.emit("fill")
    viewer.overlays.set_blinking(True)
    viewer.overlays.hide(True)
    assert redness() == 0 and viewer.overlays.blinking()
    viewer.overlays.set_blinking(False)
    assert redness() > 25


def test_a_structure_set_of_other_images_says_so(application: QApplication, viewer: Viewer, tmp_path: Path) -> None:  # noqa: F811
    stack(tmp_path, [(0, 0, 100 + 2.0 * i) for i in range(4)], first=40)
    made = structure_set([2, 2, 0, 12, 2, 0, 12, 12, 0])
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    save(made, tmp_path / "rt.dcm")
    open_all(application, viewer, tmp_path)
    wait(application, lambda: bool(viewer.shelf.failures))
    assert "none of the images" in viewer.shelf.failures[0]


def test_a_pdf_is_a_series_of_pages(application: QApplication, viewer: Viewer, tmp_path: Path) -> None:  # noqa: F811
    pytest.importorskip("pypdfium2")
    from tests.core.imaging.test_document import document, pdf

    document(tmp_path, pdf(2))
    open_all(application, viewer, tmp_path)
    key = str(tmp_path / "pdf.dcm")
    wait(application, lambda: key in viewer.shelf.series)
    viewer.show_series(key)
    wait(application, lambda: shown(viewer))
    assert viewer.current.model.source is not None and viewer.current.model.source.count == 2


# Looking


def test_histogram_drag_sets_the_window_and_colours_are_said(film: Viewer) -> None:  # noqa: F811
    film.act("histogram")
    curve = film.histogram.curve
    film.refresh()
    image = film.current.frame()
    assert image is not None and isinstance(curve.voi, Window)
    low, high = curve.ends()
    assert curve.grip_at(low) in {"low", "middle"} and curve.grip_at((low + high) / 2) == "middle"
    before = curve.voi
    film.current.model.window = Window(before.centre, before.width / 2)
    film.refresh()
    low, high = curve.ends()
    view, film_view = film.current, film.current
    del view
    from PySide6.QtTest import QTest

    QTest.mousePress(curve, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(round(high), 20))
    QTest.mouseMove(curve, QPoint(round(high) + 12, 20))
    QTest.mouseRelease(curve, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(round(high) + 12, 20))
    after = film_view.model.window
    assert isinstance(after, Window) and after.width > before.width / 2
    film.act("colours")
    assert "Viridis" in " ".join(plates.warnings(film.current))
    seen = film.current.grab().toImage().pixelColor(film.current.width() // 2, film.current.height() // 2)
    assert seen.red() != seen.green() or seen.green() != seen.blue()
    film.act("reset")
    assert not plates.warnings(film.current)


def test_key_images_are_marks_of_the_case(film: Viewer) -> None:  # noqa: F811
    film.act("key")
    (mark,) = film.measurements()
    assert mark.kind == "key" and film.key_images == (film.shown_image_id(),)
    film.act("clear")
    assert film.key_images
    film.act("undo")
    assert film.key_images == ()
    film.act("redo")
    film.act("key")
    assert film.measurements() == ()


def wheel(viewer: Viewer, modifiers: Qt.KeyboardModifier) -> None:  # noqa: F811
    view = viewer.current
    at = QPointF(view.rect().center())
    event = QWheelEvent(at, view.mapToGlobal(at), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton, modifiers,
                        Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
    view.wheelEvent(event)


def test_wheel_and_buttons_do_what_the_user_chose(ct: Viewer) -> None:  # noqa: F811
    ct.current.go(0)
    wheel(ct, Qt.KeyboardModifier.NoModifier)
    assert ct.current.model.index == 1
    wheel(ct, Qt.KeyboardModifier.ShiftModifier)
    assert ct.current.model.index == 6
    from ui.viewer.gestures import in_force

    ct.current.gestures.table = in_force({"wheel": "zoom", "middle": "zoom", "right": "nonsense"})
    assert ct.current.gestures.table["right"] == "zoom"
    wheel(ct, Qt.KeyboardModifier.NoModifier)
    assert ct.current.model.index == 6 and ct.current.model.pose.zoom > 0
    ct.act("fit")
    drag(ct, QPoint(300, 300), QPoint(300, 200), Qt.MouseButton.MiddleButton)
    assert ct.current.model.pose.zoom > 0


def test_two_fingers_scroll_pan_and_zoom(ct: Viewer) -> None:  # noqa: F811
    ct.current.go(0)
    gestures, at = ct.current.gestures, QPointF(300, 300)
    gestures._travel("scroll", QPointF(0, -30), at)
    gestures._travel("scroll", QPointF(0, -30), at)
    assert ct.current.model.index == 2
    before = ct.current.model.pose.pan
    gestures._travel("pan", QPointF(30, 10), at)
    assert ct.current.model.pose.pan == pytest.approx((before[0] + 30, before[1] + 10))
    zoom = ct.current.model.pose.zoom
    gestures._travel("zoom", QPointF(0, 50), at)
    assert ct.current.model.pose.zoom == pytest.approx(zoom * 1.005**50)


# Priors


def priors(folder: Path, frame: str) -> tuple[Path, Path]:
    made = []
    for name, day, shift, uid in (("now", "20260110", 0.0, "1"), ("old", "20250110", 1000.0, "2")):
        (folder / name).mkdir()
        stack(folder / name, [(0, 0, shift + 2.0 * i) for i in range(10)], first=100 * int(uid), BodyPartExamined="CHEST",
              SeriesInstanceUID=f"1.2.3.4.{uid}", StudyInstanceUID=f"1.2.3.{uid}", AcquisitionDate=day, StudyDate=day,
              FrameOfReferenceUID=frame + uid)  # fmt: skip
        made.append(folder / name)
    return made[0], made[1]


def test_the_prior_comes_beside_and_scrolls_along(application: QApplication, viewer: Viewer, tmp_path: Path) -> None:  # noqa: F811
    priors(tmp_path, "1.9.")
    viewer.show_images(read_images([tmp_path]).refs)
    wait(application, lambda: viewer.layout_mode() == "2" and shown(viewer))
    left, right = viewer.shown_viewports()
    assert viewer.current is left
    assert not any("Prior" in line for line in left.footer) and any("Prior 2025-01-10" in line for line in right.footer)
    left.go(2)
    assert right.model.index == 2
    viewer.refresh()
    assert any("not registered" in line for line in right.footer)
    right.model.go(5)
    viewer.act("link:here")
    left.go(3)
    assert right.model.index == 6
    viewer.refresh()
    assert any("by hand" in line for line in right.footer)
    viewer.act("prior")
    assert viewer.layout_mode() == "1"


# Print


def test_print_to_pdf(application: QApplication, ct: Viewer, tmp_path: Path) -> None:  # noqa: F811
    ct.set_identity(("SAMPLE, One · F 50", "SYN-1"), synthetic=True)
    dialog = PrintDialog(ct)
    dialog.what.setCurrentIndex(1)
    dialog.step.setValue(2)
    dialog.layout_box.setCurrentIndex(2)
    wait(application, dialog.ready)
    assert len(dialog.pictures) == 10
    dialog.show()
    assert dialog.view.grab().toImage().pixelColor(dialog.view.width() // 2, 20).lightness() > 200
    dialog.save(tmp_path / "out.pdf")
    wait(application, lambda: (tmp_path / "out.pdf").exists() and not dialog.isVisible())
    from pypdf import PdfReader

    pages = PdfReader(tmp_path / "out.pdf").pages
    words = pages[0].extract_text()
    assert len(pages) == 3 and "SAMPLE, One" in words and "SYNTHETIC" in words and "W 400" not in words[:10]
    assert len(pages[0].images) == 4 and len(pages[2].images) == 2
    dialog.deleteLater()


@pytest.mark.parametrize("layout", print_layout.LAYOUTS)
def test_cells_lie_within_the_page_and_do_not_overlap(layout: tuple[int, int]) -> None:
    boxes = print_layout.cells(layout)
    assert len(boxes) == layout[0] * layout[1]
    for x, y, w, h in boxes:
        assert x >= 16 - 1e-6 and x + w <= 194 + 1e-6 and y >= 26 and y + h + print_layout.CAPTION <= 280 + 1e-6
    for a in boxes:
        assert sum(abs(a[0] - b[0]) < a[2] - 1e-6 and abs(a[1] - b[1]) < a[3] - 1e-6 for b in boxes) == 1


# Options


def test_options_are_kept_and_bad_ones_ignored(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "s.json")
    options.save(settings, options.Options(512, False, {"flip": ("Ctrl+H",)}, {"wheel": "zoom"}))
    found = options.load(Settings(tmp_path / "s.json"))
    assert found == options.Options(512, False, {"flip": ("Ctrl+H",)}, {"wheel": "zoom"})
    table = options.key_table(found)
    assert table["Ctrl+H"] == "flip" and "H" not in table
    settings.set(options.NAME, {"memory_mb": "much", "keys": {"flip": 3}, "mouse": None})
    assert options.load(settings) == options.Options()


def test_keys_are_changed_clash_and_are_reset(application: QApplication, tmp_path: Path) -> None:  # noqa: F811
    settings = Settings(tmp_path / "s.json")
    viewer = Viewer(settings=settings)  # noqa: F811
    dialog = ViewerSettings(settings, None)
    page = dialog.keys
    assert not page.clashes()
    page.tree.setCurrentItem(page.items[VIEWER, "flip"])
    page._keep(("W",))
    assert set(page.clashes()) == {"W"} and "Flip" in page.clash.text()
    dialog.save()
    assert not settings.get(options.NAME), "clashing keys are not saved"
    page._keep(("Ctrl+Shift+F",))
    page.tree.setCurrentItem(page.items[WINDOW, "lock"])
    page._keep(("Ctrl+Shift+X",))
    dialog.picture.memory.setValue(512)
    dialog.save()
    assert viewer.keys["flip"] == "Ctrl+Shift+F" and viewer.cache.budget_bytes == 512 << 20
    assert settings.get("keys") == {"lock": ["Ctrl+Shift+X"]}
    again = ViewerSettings(settings, None)
    assert again.keys.keys[WINDOW, "lock"] == ("Ctrl+Shift+X",)
    again._reset()
    again.save()
    assert settings.get("keys") == {} and viewer.keys["flip"] == "H"
    for made in (dialog, again, viewer):
        made.close()
        made.deleteLater()
    application.processEvents()


def test_every_action_has_a_name_and_every_key_an_action() -> None:
    from ui.viewer.actions import ACTIONS
    from ui.viewer.names import labels
    from ui.viewer.presets import keys

    assert set(keys().values()) <= set(labels())
    assert {action.partition(":")[0] for action in labels()} == set(ACTIONS)


def test_opening_and_closing_keeps_memory_flat(application: QApplication, viewer: Viewer, tmp_path: Path) -> None:  # noqa: F811
    """30 openings of a series with cuts and histogram; what the first ten took is what the last ten take."""
    from ui.viewer.bench import resident_mb

    stack(tmp_path, [(0, 0, 2.0 * i) for i in range(30)], shape=(256, 256))
    studies = read_images([tmp_path]).studies
    seen = []
    for turn in range(30):
        viewer.show_study(studies)
        wait(application, lambda: shown(viewer))
        if turn % 3 == 0:
            viewer.act("layout:mpr")
            wait(application, lambda: viewer.layout_mode() == "mpr")
        viewer.clear()
        application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        application.processEvents()
        seen.append(resident_mb())
    assert viewer.cache.bytes == 0
    if seen[0]:
        assert seen[-1] - seen[9] < 12, seen
