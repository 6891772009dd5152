"""A table of unknown headings is asked about once, read as told, and read without asking the next time."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.records.csv_labs import Table, unknown_tables
from tests.ui.conftest import Pump
from ui import importing
from ui.tables import TableDialog, look_at
from ui.window import Window

ODD = "Probe;Was;Wieviel;Einheit\nA1;CRP;186;mg/L\nA2;ALT;30;U/L\nA3;AST;31;U/L\n"


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    path = tmp_path / "odd.csv"
    path.write_text(ODD)
    return path


def chosen(dialog: TableDialog, **fields: str) -> TableDialog:
    for column, field in fields.items():
        dialog.choices[column].setCurrentIndex(dialog.choices[column].findData(field))
    return dialog


def test_the_dialog_wants_test_and_result_and_no_field_twice(app: object, odd: Path) -> None:
    sheet = look_at(odd)
    assert sheet is not None
    dialog = TableDialog(odd.name, sheet, None)
    assert dialog.problem()
    chosen(dialog, Was="test", Wieviel="value", Einheit="value")
    assert "Result" in dialog.problem()
    chosen(dialog, Einheit="unit")
    assert dialog.problem() == ""
    assert dialog.table() == Table(";", {"Was": "test", "Wieviel": "value", "Einheit": "unit"})
    dialog.deleteLater()


def test_asked_once_then_kept(
    open_window: Callable[..., Window], pump: Pump, odd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Filled(TableDialog):
        def exec(self) -> int:
            asked.append(self.windowTitle())
            chosen(self, Was="test", Wieviel="value", Einheit="unit")
            self.deleteLater()
            return int(not self.problem())

    monkeypatch.setattr(importing, "TableDialog", Filled)
    window = open_window()
    window.asks = True
    window.session.import_paths([odd])
    pump(window.jobs)
    assert len(asked) == 1 and len(window.session.rows) == 1
    window.session.open_case(window.session.rows[0].id)
    pump(window.jobs)
    (case,) = window.session.cases.values()
    assert [o.text for o in case.record.observations] == ["CRP", "ALT", "AST"]
    window.session.import_paths([odd])
    pump(window.jobs)
    assert len(asked) == 1 and len(window.session.rows) == 2
    assert len(window.session.tables()) == 1


def test_refusing_to_answer_says_what_was_not_read(
    open_window: Callable[..., Window], pump: Pump, odd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    class Refused(TableDialog):
        def exec(self) -> int:
            self.deleteLater()
            return 0

    class Files(importing.FilesDialog):
        def exec(self) -> int:
            shown.append(self.windowTitle())
            self.deleteLater()
            return 1

    monkeypatch.setattr(importing, "TableDialog", Refused)
    monkeypatch.setattr(importing, "FilesDialog", Files)
    window = open_window()
    window.asks = True
    window.session.import_paths([odd])
    pump(window.jobs)
    assert len(shown) == 1 and not window.session.rows


def test_only_files_that_are_there_are_asked_about(odd: Path) -> None:
    from core.pipeline import NothingRead, open_paths
    from tests.core.test_pipeline import NOW

    with pytest.raises(NothingRead) as nothing:
        open_paths([odd], scratch=odd.parent / "s", now=NOW)
    assert unknown_tables(nothing.value.files) == (odd,)
    odd.unlink()
    assert unknown_tables(nothing.value.files) == ()
