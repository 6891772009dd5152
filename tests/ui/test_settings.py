"""Settings survive a restart, and a damaged file is never overwritten."""

from pathlib import Path

from ui.settings import DEFAULTS, Settings


def test_values_survive(tmp_path: Path) -> None:
    path = tmp_path / "a" / "settings.json"
    Settings(path).set("columns", {"case": [300, 700, 400]})
    assert Settings(path).get("columns") == {"case": [300, 700, 400]}
    assert not list(path.parent.glob("*.new"))


def test_defaults() -> None:
    assert Settings().get("theme") == DEFAULTS["theme"]
    assert Settings().get("nothing of this name") is None


def test_damaged_file_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"theme": "li', "utf-8")
    settings = Settings(path)
    assert settings.get("theme") == "dark"
    settings.set("theme", "light")
    assert (tmp_path / "settings.damaged.json").read_text("utf-8") == '{"theme": "li'
    assert Settings(path).get("theme") == "light"


def test_unwritable_folder_does_not_stop_the_program(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    settings = Settings(blocked / "settings.json")
    settings.set("theme", "light")
    assert settings.get("theme") == "light"


def test_the_region_of_the_clinic_is_kept_and_offered_for_new_patients(app, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from ui.dialogs import NewCaseDialog, SettingsDialog

    settings = Settings(tmp_path / "settings.json")
    dialog = SettingsDialog(settings, None)  # type: ignore[arg-type]
    assert dialog.place.currentData() == ""
    dialog.place.setCurrentIndex(dialog.place.findData("south_asia"))
    dialog.accept()
    assert Settings(tmp_path / "settings.json").get("place") == "south_asia"
    asked = NewCaseDialog(None, str(settings.get("place")))  # type: ignore[arg-type]
    assert asked.patient().place == "south_asia"
    asked.place.setCurrentIndex(0)
    assert asked.patient().place == ""
    for made in (dialog, asked):
        made.deleteLater()
