"""What import-linter cannot say: submodules that open the network, heavy imports at start, Qt-free core."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NETWORK = ("urllib.request", "PySide6.QtNetwork", "http.client", "http.server", "socket", "ssl")
HEAVY = ("torch", "transformers", "shap", "sklearn", "pandas", "numba", "cv2", "scipy", "matplotlib", "SimpleITK")


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("folder", ["core", "ui"])
def test_nothing_imports_the_network(folder: str) -> None:
    allowed = {ROOT / "core" / "imaging" / name for name in ("pacs.py", "pacs_web.py")}
    broken = {
        str(path.relative_to(ROOT)): sorted(hit)
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path not in allowed and (hit := {m for m in imports(path) if m.startswith(NETWORK)})
    }
    assert not broken


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sorted(m for m in list(sys.modules) if '.' not in m)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_first_window_loads_nothing_heavy() -> None:
    code = (
        "import os; os.environ['QT_QPA_PLATFORM'] = 'offscreen'\n"
        "import onnxruntime\nimport ui.app\nfrom core.store.store import Store\n"
        "app = ui.app.application()\nstore = Store.open()\nwindow = ui.app.make_window(store)\nwindow.show()\n"
        "app.processEvents()"
    )
    assert not loaded_after(code) & set(HEAVY)


def test_the_command_line_loads_nothing_heavy() -> None:
    assert not loaded_after("import core.verbs; core.verbs.build_parser('')") & {
        *HEAVY,
        "onnxruntime",
        "PySide6",
        "numpy",
    }
