"""Images of a case whose stick was pulled out: every slice is still there when the case is opened again."""

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.core.imaging.made import stack
from tests.ui.conftest import Pump
from ui.window import Window


def test_a_series_outlives_its_folder(open_window: Callable[..., Window], pump: Pump, tmp_path: Path) -> None:
    (tmp_path / "stick").mkdir()
    stack(tmp_path / "stick", [(0.0, 0.0, 2.0 * i) for i in range(6)])
    window = open_window()
    window.session.import_paths([tmp_path / "stick"])
    pump(window.jobs)
    shutil.rmtree(tmp_path / "stick")
    case_id = window.session.rows[0].id
    window.session.open_case(case_id)
    pump(window.jobs)
    workspace = window.current_workspace()
    assert workspace is not None
    viewer = workspace.review.images.viewer
    pump(until=lambda: viewer.current.model.source is not None and viewer.current.model.source.count == 6)
    assert window.session.local_folder(case_id).is_relative_to(window.session.local.path)
    window.session.close()
    assert not window.session.local_folder(case_id).exists()
