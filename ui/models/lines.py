"""What the Models page shows of a pack, read from its manifest and the files beside it. No Qt."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.progress import Report
from ui.models.shown import Shown, shown_of
from ui.translate import say, tr

MEGABYTE = 1_000_000
MEASURES = (("auroc", "AUROC"), ("event1", "Event 1"), ("f1", "Macro F1"), ("accuracy", "Accuracy"))
TASK_WORDS = {
    "image-classification": "Image classification",
    "text-classification": "Text classification",
    "text-embedding": "Text embedding",
    "tabular-classification": "Table classification",
    "tabular-risk": "Risk from measurements over time",
    "token-classification": "Words of a note",
    "generation": "Text generation",
}


GROUP_WORDS = {"age": "age", "sex": "sex", "site": "site"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its 95 % interval (None where none was stored) and the number it rests on."""

    name: str
    value: float | None
    interval: tuple[float, float] | None
    n: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """One version of a pack on this machine. `state`: "current", "earlier", "shadow", "candidate"."""

    version: str
    state: str
    words: str
    run: Path | None = None


@dataclass(frozen=True, slots=True)
class PackLine:
    """A pack as the list shows it. `verdict`: "" not checked yet, "ok", or what is wrong. `signed`: "trusted", "shipped",
    "none" or "bad"."""

    id: str
    name: str
    task: str
    version: str
    licence: str
    megabytes: float
    sha256: str
    verdict: str
    signed: str
    main: Figure
    ece: float | None
    facts: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]
    subgroups: tuple[Figure, ...]
    reliability: tuple[dict[str, float], ...]
    milliseconds: float | None
    versions: tuple[Kept, ...]
    shadow: dict[str, Any] | None
    card: str
    folder: Path
    shown: Shown
    site: Any = None
    """The site's calibration in force (core.inference.site), of the first label."""


def read_packs(report: Report, *, check: bool = False) -> tuple[PackLine, ...]:
    """All packs; with `check` every file is hashed."""
    from core.inference.packs import folders, installed, verify
    from core.learning.speed import known

    made = []
    speeds = known()
    packs = {pack.folder: pack for pack in installed()}
    for folder in folders():
        pack = packs.get(folder)
        verdict = ""
        if check:
            report(len(made), len(packs), "checking")
            try:
                pack = verify(folder)
                verdict = "ok"
            except UserError as error:
                verdict = str(error)
        if pack is not None:
            made.append(_line(pack, verdict, speeds.get(pack.sha256)))
    return tuple(made)


def _line(pack: Any, verdict: str, milliseconds: float | None) -> PackLine:
    manifest = pack.manifest
    metrics = manifest.get("metrics") or {}
    test = metrics.get("own_test") or {}
    card = next((pack.folder / n for n in manifest["files"] if n.lower().endswith(".md")), None)
    return PackLine(
        id=pack.id,
        name=say(pack.name),
        task=pack.task,
        version=pack.pack_version,
        licence=str(manifest.get("licence") or ""),
        megabytes=sum(int(f.get("bytes", 0)) for f in manifest["files"].values()) / MEGABYTE,
        sha256=pack.sha256,
        verdict=verdict,
        signed=_signed(pack.folder),
        main=_main(metrics, test),
        ece=test.get("ece"),
        facts=_facts(pack),
        figures=tuple(_figure(name, test, key) for key, name in _WHOLE if isinstance(test.get(key), int | float)),
        subgroups=_subgroups(metrics, test),
        reliability=tuple(test.get("reliability") or ()),
        milliseconds=milliseconds,
        versions=versions(pack),
        shadow=_shadow(pack.id),
        card=card.read_text("utf-8") if card is not None and card.is_file() else "",
        folder=pack.folder,
        shown=shown_of(pack),
        site=_site(pack),
    )


_WHOLE = (
    ("auroc", "AUROC"),
    ("f1", "Macro F1"),
    ("event1", "Event 1"),
    ("accuracy", "Accuracy"),
    ("balanced_accuracy", "Balanced accuracy"),
    ("sensitivity", "Sensitivity"),
    ("specificity", "Specificity"),
    ("precision", "Precision"),
    ("ece", "ECE"),
    ("refused_share", "Refused by the gate"),
)


def _figure(name: str, found: dict[str, Any], key: str) -> Figure:
    ci = found.get(f"{key}_ci95")
    value = found.get(key)
    n = int(found.get("n_labelled") or found.get("n") or 0)
    return Figure(name, value, (float(ci[0]), float(ci[1])) if ci else None, n)


def _main(metrics: dict[str, Any], test: dict[str, Any]) -> Figure:
    for key, name in MEASURES:
        if isinstance(test.get(key), int | float):
            return _figure(name, test, key)
    number = next(((k, v) for k, v in metrics.items() if isinstance(v, float)), None)
    return Figure(number[0].replace("_", " "), number[1], None) if number else Figure("", None, None)


def _subgroups(metrics: dict[str, Any], test: dict[str, Any]) -> tuple[Figure, ...]:
    """Main measure by subgroup, all cases first."""
    rows = [_figure("", test, "auroc")] if isinstance(test.get("auroc"), float) else []
    for found in test.get("subgroups") or []:
        if isinstance(found, dict):
            column = tr(GROUP_WORDS.get(found["column"], found["column"]))
            rows.append(_figure(f"{column} {found['value']}", found, "auroc"))
    other = metrics.get("subgroups")
    if isinstance(other, dict):
        rows += [_figure(name, g, "auroc") for name, g in other.items() if isinstance(g, dict)]
    return tuple(rows) if len(rows) > 1 else ()


def _facts(pack: Any) -> tuple[tuple[str, str], ...]:
    domain = pack.domain
    image = pack.task == "image-classification"
    facts = [("Labels", ", ".join(say(item.name) for item in pack.labels))]
    if image:
        facts += [
            ("Modalities", ", ".join(domain.modalities)),
            ("Views", ", ".join(domain.views)),
            ("Ages, years", f"{domain.age_from_years:g} – {domain.age_below_years:g}"),
            ("Least size, pixels", str(domain.least_size)),
        ]
    facts.append(("SHA-256", f"{pack.sha256[:12]}…{pack.sha256[-6:]}"))
    return tuple((name, value) for name, value in facts if value)


def _signed(folder: Path) -> str:
    from core import paths
    from core.inference.install import signed_by_trusted

    if folder.is_relative_to(paths.RESOURCES):
        return "shipped"
    try:
        return "trusted" if signed_by_trusted(folder) else "none"
    except UserError:
        return "bad"


def versions(pack: Any) -> tuple[Kept, ...]:
    """Candidate in shadow, the version in use, the one kept for roll back, and those replaced before, newest first."""
    from core import paths
    from core.inference.packs import MANIFEST, load
    from core.learning.promote import promotions
    from core.learning.shadow import running

    said = promotions(pack.id)
    when = {p["version"]: str(p["at"])[:10] for p in said}
    other = running(pack.id)
    made = [Kept(other.pack_version, "shadow", "")] if other is not None else []
    made.append(Kept(pack.pack_version, "current", when.get(pack.pack_version, "")))
    before = paths.profile() / "models-previous" / pack.id
    if (before / MANIFEST).is_file():
        try:
            made.append(Kept(load(before).pack_version, "earlier", when.get(load(before).pack_version, "")))
        except UserError:
            pass
    return tuple(made)


def _site(pack: Any) -> Any:
    from core.inference.site import in_force

    try:
        return in_force(pack, pack.labels[0].code.code) if pack.labels else None
    except UserError:
        return None


def _shadow(pack_id: str) -> dict[str, Any] | None:
    from core.learning import shadow

    return shadow.report(pack_id) if shadow.running(pack_id) is not None else None


def words_of(figure: Figure) -> str:
    """A value with its interval."""
    if figure.value is None:
        return "—"
    spread = f" {figure.interval[0]:.2f}–{figure.interval[1]:.2f}" if figure.interval else ""
    return f"{figure.value:.3f}{spread}"
