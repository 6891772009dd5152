"""No library reports to its maker: the switches are set before anything is imported, and what they switch off is off."""

import os
import subprocess
import sys
from pathlib import Path

from core import SILENCE
from core.paths import RESOURCES

MODEL = next((RESOURCES / "models").glob("cxr-*/*.onnx"))
SESSION = f"""
{{first}}
import onnxruntime
onnxruntime.InferenceSession({str(MODEL)!r}, providers=["CPUExecutionProvider"])
"""


def files_left(first: str, cache: Path) -> list[str]:
    """What a process leaves in the user's cache folder after making a session; `first` runs before the library."""
    environment = {k: v for k, v in os.environ.items() if k not in SILENCE} | {
        "XDG_CACHE_HOME": str(cache),
        "PYTHONPATH": str(RESOURCES.parent),
        "ORT_DISABLE_TELEMETRY": "0",
    }
    code = SESSION.format(first=first)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, timeout=120)
    return sorted(str(p.relative_to(cache)) for p in cache.rglob("*") if p.is_file())


def test_every_switch_is_set_here() -> None:
    assert {name: os.environ.get(name) for name in SILENCE} == SILENCE


def test_a_session_leaves_no_events_to_upload(tmp_path: Path) -> None:
    assert files_left("import core", tmp_path / "silent") == []
