"""The security dry run of a pack: every check of an installation, one after the other, and nothing installed.

The checks stop at the first that refuses: what a pack's manifest says is not read where its archive is hostile, and no graph
is run that asks for what it may not have.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import paths
from core.domain.basics import Label
from core.errors import UserError
from core.inference import install, packs
from core.inference.apart import SECONDS
from core.inference.dry_run import try_apart
from core.progress import Report, silent

STEPS = ("unpack", "manifest", "signature", "files", "graphs", "trial")
OK, REFUSED, ADMINISTRATOR, LEFT = "ok", "refused", "administrator", "not run"


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `state`: "ok", "refused", "administrator" (an unsigned pack: a person must answer for it) or "not run".
    `number`: files, graphs, or the largest difference of the reference outputs."""

    step: str
    state: str
    what: str = ""
    next_step: str = ""
    number: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Examined:
    """What the checks found. The descriptive fields are empty where the manifest could not be read."""

    checks: tuple[Check, ...]
    pack_id: str = ""
    version: str = ""
    task: str = ""
    name: Label = field(default_factory=lambda: Label("", ""))
    licence: str = ""
    bytes: int = 0
    in_service: str = ""
    """Version of that id in service here, which this one would replace."""

    @property
    def ok(self) -> bool:
        """Nothing refused."""
        return all(check.state in (OK, ADMINISTRATOR) for check in self.checks)

    @property
    def signed(self) -> bool:
        """A key trusted here signed it."""
        return any(check.step == "signature" and check.state == OK for check in self.checks)

    @property
    def refusal(self) -> Check | None:
        """The check that refused, or None."""
        return next((check for check in self.checks if check.state == REFUSED), None)


def examine(source: Path, report: Report = silent, *, seconds: float = SECONDS) -> Examined:
    """Check a pack file or folder as an installation would, unpacked aside and thrown away after. Never raises UserError:
    a refusal is in its `checks`."""
    aside = paths.profile() / "models-examined"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        return _examined(source, aside, report, seconds)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _examined(source: Path, aside: Path, report: Report, seconds: float) -> Examined:
    held: dict[str, Any] = {}

    def manifest() -> float:
        held["pack"] = packs.load(held["folder"])
        return float(len(held["pack"].manifest["files"]))

    work: dict[str, Callable[[], float | None]] = {
        "unpack": lambda: held.update(folder=install.unpacked(source, aside)),
        "manifest": manifest,
        "signature": lambda: float(install.signed_by_trusted(held["folder"])),
        "files": lambda: float(len(packs.verify(held["folder"]).manifest["files"])),
        "graphs": lambda: _screened(held["pack"]),
        "trial": lambda: try_apart(held["folder"], seconds, watch=lambda: report(5, len(STEPS), "trial run")),
    }
    checks: list[Check] = []
    for k, step in enumerate(STEPS):
        if any(check.state == REFUSED for check in checks):
            checks.append(Check(step, LEFT))
            continue
        report(k, len(STEPS), "checking")
        checks.append(_check(step, work[step]))
    return _with_words(tuple(checks), held.get("pack"))


def _check(step: str, work: Callable[[], float | None]) -> Check:
    started = time.perf_counter()
    try:
        number = work()
    except UserError as error:
        return Check(step, REFUSED, error.what, error.next_step, seconds=time.perf_counter() - started)
    state = ADMINISTRATOR if step == "signature" and not number else OK
    return Check(step, state, number=None if step == "signature" else number, seconds=time.perf_counter() - started)


def _screened(pack: packs.Pack) -> float:
    install.screen(pack)
    return float(len(packs.graph_files(pack)))


def _with_words(checks: tuple[Check, ...], pack: packs.Pack | None) -> Examined:
    if pack is None:
        return Examined(checks)
    same = next((p for p in packs.installed() if p.id == pack.id), None)
    return Examined(
        checks,
        pack.id,
        pack.pack_version,
        pack.task,
        pack.name,
        str(pack.manifest.get("licence") or ""),
        sum(int(f["bytes"]) for f in pack.manifest["files"].values()),
        same.pack_version if same else "",
    )
