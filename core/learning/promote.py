"""Promotion of a trained pack: compared with the pack in service on the run's own test, refused with a table where it would
lose, otherwise signed with this machine's key and installed. `models rollback` undoes it in one step."""

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from core import paths
from core.errors import UserError
from core.inference import install, packs
from core.learning import recipe as recipes
from core.learning import study
from core.learning.answers import PACK_TASK, answers, class_names
from core.learning.class_metrics import bands, by_class, confidence_error, decide, overall
from core.learning.metrics import Floats, Labels
from core.learning.run_log import read_run
from core.learning.split import Part
from core.progress import Report, silent

LOG = "promotions.jsonl"
_LEAST = 10
_CHANCE_MOST = 0.15


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be lost. Shares, not points: 0.02 is two points."""

    label_drop: float = 0.02
    ece: float = 0.05
    recall_drop: float = 0.0
    subgroup_drop: float = 0.05


@dataclass(frozen=True, slots=True)
class Guard:
    """One guardrail: `rule` is label_auroc, label_f1, ece, cant_miss, subgroup or labels; `of` the label or subgroup.
    `before` is the pack in service (None where there is none), `limit` the least (for ece the most) that passes."""

    rule: str
    of: str
    before: float | None
    after: float | None
    limit: float | None
    ok: bool


class Refused(UserError):
    """Promotion refused; `table` says why."""

    def __init__(self, table: "Table") -> None:
        failed = [guard for guard in table.guards if not guard.ok]
        first = f"{failed[0].rule} {failed[0].of}".strip()
        super().__init__(
            f"Not promoted: {len(failed)} of {len(table.guards)} guardrails failed ({first}).",
            "The pack in service stays. See the table.",
        )
        self.table = table


@dataclass(frozen=True, slots=True)
class Table:
    """The guardrails of a candidate against the pack in service. `n`: examples of the test they were measured on."""

    candidate: str
    in_service: str
    n: int
    guards: tuple[Guard, ...]

    @property
    def ok(self) -> bool:
        """Every guardrail held."""
        return all(guard.ok for guard in self.guards)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "guards": [asdict(g) for g in self.guards], "ok": self.ok}


def candidate(run: Path) -> packs.Pack:
    """The finished pack of a run. UserError while there is none."""
    if read_run(run).state != "done":
        raise UserError(f"{run} is not a finished run.", "Let `learn train` finish first.")
    return packs.verify(run / study.PACK)


def in_service(pack_id: str, task: str) -> packs.Pack | None:
    """The installed pack of that id; None where there is none. UserError where it has another task."""
    found = next((p for p in packs.installed() if p.id == pack_id), None)
    if found is not None and found.task != task:
        raise UserError(f"The installed pack {pack_id} has another task.", "Give the new pack an id of its own.")
    return found


def compare(run: Path, limits: Limits | None = None, report: Report = silent) -> Table:
    """The guardrail table of a run. Both packs answer the same test part, patient for patient."""
    limits = limits or Limits()
    new = candidate(run)
    recipe = recipes.read(run)
    old = in_service(new.id, PACK_TASK[recipe.task])
    prepared = study.prepare(recipe, run, report)
    examples, at = prepared.examples, prepared.at(Part.TEST)
    labels = examples.labels[at]
    report(1, 3, "candidate")
    after = answers(new, examples, at)
    report(2, 3, "pack in service")
    before, lost = _before(old, examples.names, study.prepare(recipe, run).examples, at) if old else (None, ())
    groups = {c: bands([v[int(k)] for k in at], c) for c, v in examples.groups.items()}
    marks = (study.limits_of(new), _limits_in(old, examples.names) if old else ())
    guards = [Guard("labels", name, None, None, None, False) for name in lost]
    guards += _label_guards(labels, after, before, examples.names, marks, limits)
    guards += _cant_miss(labels, after, before, (examples.names, recipe.cant_miss), marks, limits)
    guards.append(_ece_guard(labels, after, before, marks, limits))
    guards += _subgroup_guards(labels, after, before, groups, marks, limits)
    report(3, 3, "compared")
    said = f"{old.id} {old.pack_version}" if old else ""
    return Table(f"{new.id} {new.pack_version}", said, len(labels), tuple(guards))


Marks = tuple[tuple[float, ...], tuple[float, ...]]


def _before(old: packs.Pack, names: tuple[str, ...], examples: Any, at: Any) -> tuple[Floats, tuple[str, ...]]:
    """Answers of the pack in service in the candidate's order of classes, and the classes the candidate would lose."""
    known = class_names(old)
    lost = tuple(name for name in known if name not in names)
    found = answers(old, examples, at)
    out = np.full((len(found), len(names)), np.nan)
    for k, name in enumerate(names):
        if name in known:
            out[:, k] = found[:, known.index(name)]
    return out, lost


def _limits_in(old: packs.Pack, names: tuple[str, ...]) -> tuple[float, ...]:
    known = dict(zip(class_names(old), study.limits_of(old), strict=True))
    return tuple(known.get(name, 0.5) for name in names)


def _label_guards(
    labels: Labels, after: Floats, before: Floats | None, names: tuple[str, ...], marks: Marks, limits: Limits
) -> list[Guard]:
    if before is None:
        return []
    new, old = by_class(labels, after, marks[0], names), by_class(labels, before, marks[1], names)
    guards = []
    for k, name in enumerate(names):
        if np.isnan(before[:, k]).any() or (len(names) == 2 and k == 0):
            continue  # a class the pack in service does not know; the two of a pair mirror each other
        for key in ("auroc", "f1"):
            guards.append(_at_least(f"label_{key}", name, old[name][key], new[name][key], limits.label_drop))
    return guards


def _cant_miss(
    labels: Labels,
    after: Floats,
    before: Floats | None,
    names: tuple[tuple[str, ...], tuple[str, ...]],
    marks: Marks,
    limits: Limits,
) -> list[Guard]:
    if before is None:
        return []
    new, old = by_class(labels, after, marks[0], names[0]), by_class(labels, before, marks[1], names[0])
    return [_at_least("cant_miss", n, old[n]["recall"], new[n]["recall"], limits.recall_drop) for n in names[1]]


def _ece_guard(labels: Labels, after: Floats, before: Floats | None, marks: Marks, limits: Limits) -> Guard:
    found = overall(labels, after, marks[0])["ece"]
    limit = max(limits.ece, min(_CHANCE_MOST, chance_error(after)))
    known = before is not None and not np.isnan(before).any()
    was = overall(labels, before, marks[1])["ece"] if known and before is not None else None
    return Guard("ece", "", was, found, limit, found <= limit)


def chance_error(p: Floats, draws: int = 200) -> float:
    """The calibration error that a perfectly calibrated model with these answers stays under in 19 of 20 tests of this size:
    labels drawn from the answers themselves (Broecker and Smith, Weather and Forecasting 2007). A small test cannot ask for
    less."""
    rng = np.random.default_rng(0)
    edges = np.cumsum(p, axis=1)
    drawn = [(rng.random((len(p), 1)) > edges).sum(axis=1).clip(0, p.shape[1] - 1) for _ in range(draws)]
    return float(np.quantile([confidence_error(np.asarray(y, np.int64), p) for y in drawn], 0.95))


def _subgroup_guards(
    labels: Labels,
    after: Floats,
    before: Floats | None,
    groups: dict[str, tuple[str, ...]],
    marks: Marks,
    limits: Limits,
) -> list[Guard]:
    """Balanced accuracy of each subgroup of at least 10 that holds two classes."""
    if before is None or np.isnan(before).any():
        return []
    guards = []
    for column, values in groups.items():
        for value in sorted(set(values) - {""}):
            at = np.array([v == value for v in values])
            if at.sum() < _LEAST or len(np.unique(labels[at])) < 2:
                continue
            old, new = (_balanced(labels[at], p[at], m) for p, m in ((before, marks[1]), (after, marks[0])))
            guards.append(_at_least("subgroup", f"{column} {value}", old, new, limits.subgroup_drop))
    return guards


def _balanced(labels: Labels, p: Floats, marks: tuple[float, ...]) -> float:
    called = decide(p, marks)
    return float(np.mean([(called[labels == k] == k).mean() for k in np.unique(labels)]))


def _at_least(rule: str, of: str, before: float, after: float, drop: float) -> Guard:
    if not np.isfinite(before):
        return Guard(rule, of, None, None, None, True)
    limit = before - drop
    return Guard(rule, of, before, after, limit, bool(np.isfinite(after) and after >= limit - 1e-9))


def promote(
    run: Path, *, by: str, second: str = "", limits: Limits | None = None, report: Report = silent
) -> tuple[packs.Pack, Table]:
    """Install the candidate where every guardrail holds. Refused (with the table) otherwise; the pack in service stays."""
    if not by.strip():
        raise UserError("Nobody answers for the promotion.", "Say who promotes it.")
    table = compare(run, limits, report)
    if not table.ok:
        raise Refused(table)
    new = _newer(candidate(run), in_service(candidate(run).id, candidate(run).task))
    sign_here(new.folder)
    try:
        pack = install.install(new.folder, report=report)
    finally:
        (new.folder / install.SIGNATURE).unlink(missing_ok=True)
    _note(pack, table, by, second)
    return pack, table


def _newer(new: packs.Pack, old: packs.Pack | None) -> packs.Pack:
    """The candidate with a version above that in service."""
    if old is None or _numbers(new.pack_version) > _numbers(old.pack_version):
        return new
    from core.learning.task_pack import rewrite

    first, second, _ = _numbers(old.pack_version)
    manifest = {k: v for k, v in new.manifest.items() if k != "files"} | {"version": f"{first}.{second + 1}.0"}
    return rewrite(new, manifest)


def _numbers(version: str) -> tuple[int, int, int]:
    found = re.findall(r"\d+", version)
    return int(found[0]), int(found[1]), int(found[2])


def sign_here(folder: Path) -> None:
    """Sign a pack folder with this machine's key, made and trusted on first use."""
    home = paths.profile() / "learning"
    home.mkdir(parents=True, exist_ok=True)
    key = home / "local-key.pem"
    if not key.is_file():
        install.new_key(key)
        install.trust(key.with_suffix(".pub.pem"))
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = serialization.load_pem_private_key(key.read_bytes(), None)
    assert isinstance(private, Ed25519PrivateKey)
    (folder / install.SIGNATURE).write_bytes(private.sign((folder / packs.MANIFEST).read_bytes()))


def _note(pack: packs.Pack, table: Table, by: str, second: str) -> None:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    line = {"at": at, "pack": pack.id, "version": pack.pack_version, "sha256": pack.sha256, "by": by, "second": second}
    with (paths.profile() / "learning" / LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line | {"table": table.as_json()}, ensure_ascii=False) + "\n")


def promotions(pack_id: str = "") -> tuple[dict[str, Any], ...]:
    """What was promoted on this machine, oldest first."""
    path = paths.profile() / "learning" / LOG
    if not path.is_file():
        return ()
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return tuple(line for line in lines if not pack_id or line["pack"] == pack_id)
