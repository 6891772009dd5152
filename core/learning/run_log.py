"""The progress of a run as JSON lines, read live by the window; and the file that asks a run to stop. No torch."""

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.progress import Cancelled

LOG, STOP, RESULT, PID = "progress.jsonl", "stop", "result.json", "pid"


class RunLog:
    """Appends one line an event. A line cut short by a kill is left behind by `read_run`."""

    def __init__(self, run: Path, steps: int) -> None:
        """`steps`: in all, for the time left."""
        run.mkdir(parents=True, exist_ok=True)
        self.run, self.steps = run, steps
        self._began: tuple[float, int] | None = None
        (run / STOP).unlink(missing_ok=True)
        (run / PID).write_text(str(os.getpid()), encoding="utf-8")

    def write(self, event: str, **values: Any) -> None:
        """One line: `event` is "start", "step", "epoch", "stopped", "done" or "failed"."""
        with (self.run / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"event": event, "at": round(time.time(), 2), **values}) + "\n")

    def step(self, step: int, epoch: int, loss: float) -> None:
        """A training step with the time left at the pace since this start. Cancelled where a stop was asked for."""
        now = time.monotonic()
        if self._began is None:
            self._began = (now, step)
        since, first = self._began
        pace = (now - since) / (step - first) if step > first else None
        left = round(pace * (self.steps - step), 1) if pace is not None else None
        self.write("step", step=step, steps=self.steps, epoch=epoch, loss=loss, seconds_left=left)

    def asked_to_stop(self) -> None:
        """Raise Cancelled where somebody asked: called right after a checkpoint can be or was written."""
        if (self.run / STOP).exists():
            (self.run / STOP).unlink(missing_ok=True)
            self.write("stopped")
            raise Cancelled

    def trim(self, step: int, epochs: int) -> None:
        """Forget lines that lie after the checkpoint a run goes on from."""
        path = self.run / LOG
        kept = [
            line
            for line in _lines(path)
            if not (line["event"] == "step" and line["step"] > step)
            and not (line["event"] == "epoch" and line["epoch"] >= epochs)
        ]
        part = path.with_suffix(".part")
        part.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
        part.replace(path)


@dataclass(frozen=True, slots=True)
class RunState:
    """A run as the window shows it. `state`: "new", "running", "stopped" (can go on), "failed", "done"."""

    state: str = "new"
    recipe: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    steps: int = 0
    epoch: int = 0
    seconds_left: float | None = None
    losses: tuple[tuple[float, float], ...] = ()
    """(epochs done, training loss) of each epoch."""
    validation: tuple[tuple[float, float], ...] = ()
    """(epochs done, validation loss)."""
    metric: tuple[tuple[float, float], ...] = ()
    """(epochs done, macro F1 on validation)."""
    error: str = ""
    result: dict[str, Any] | None = None


def read_run(run: Path) -> RunState:
    """What a run folder says at this moment. Never raises for what a kill left half-written."""
    lines = _lines(run / LOG)
    epochs = [line for line in lines if line["event"] == "epoch"]
    steps = [line for line in lines if line["event"] == "step"]
    last = steps[-1] if steps else {}
    ends = [line["event"] for line in lines if line["event"] in {"start", "stopped", "failed", "done"}]
    state = {"start": "running" if alive(run) else "stopped"}.get(ends[-1], ends[-1]) if ends else "new"
    error = next((str(line.get("why", "")) for line in reversed(lines) if line["event"] == "failed"), "")
    return RunState(
        state=state,
        recipe=_object(run / "recipe.json") or {},
        step=int(last.get("step", 0)),
        steps=int(last.get("steps", 0)),
        epoch=int(last.get("epoch", 0)),
        seconds_left=last.get("seconds_left"),
        losses=tuple((e["epoch"] + 1.0, e["loss"]) for e in epochs),
        validation=tuple((e["epoch"] + 1.0, e["validation_loss"]) for e in epochs),
        metric=tuple((e["epoch"] + 1.0, e["f1"]) for e in epochs if e["f1"] is not None),
        error=error if state == "failed" else "",
        result=_object(run / RESULT) if state == "done" else None,
    )


def ask_to_stop(run: Path) -> None:
    """Ask a run to stop after its next step; its checkpoint stays."""
    (run / STOP).touch()


def alive(run: Path) -> bool:
    """Whether the process that last wrote the run still is."""
    try:
        pid = int((run / PID).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if os.name == "nt":
        return _alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _zombie(pid)


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False


def _alive_on_windows(pid: int) -> bool:
    import ctypes

    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined, unused-ignore]
    handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return False
    code = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return code.value == 259  # STILL_ACTIVE


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return []
    found = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [line for line in found if isinstance(line, dict) and "event" in line]


def _object(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
