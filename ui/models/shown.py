"""What a pack states of itself beyond its metrics, and what this machine makes of it, as names and values. No Qt.

Sets with their coverage, the gate's false refusals, the graphs with what each loses, the provider, licences.
"""

from dataclasses import dataclass
from typing import Any

from ui.translate import say, tr

PROVIDERS = {
    "CPUExecutionProvider": "Processor (CPU)",
    "CUDAExecutionProvider": "GPU, CUDA",
    "TensorrtExecutionProvider": "GPU, TensorRT",
    "DmlExecutionProvider": "GPU, DirectML",
    "CoreMLExecutionProvider": "CoreML",
}
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class GraphLine:
    """A graph of a pack as a row: `taken` is the one that sessions open here."""

    kind: str
    megabytes: float
    metric: str
    loss: float | None
    agreement: float | None
    median_ms: float | None
    n: int
    taken: bool
    sound: bool


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One class of a pack with several: figures of its own test."""

    name: str
    n: int
    auroc: float | None
    interval: tuple[float, float] | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything of a pack that is not its metrics."""

    sets: Pairs
    gate: Pairs
    graphs: tuple[GraphLine, ...]
    provider: str
    why: str
    licences: Pairs
    classes: tuple[ClassLine, ...]
    labels: tuple[str, ...]


def shown_of(pack: Any) -> Shown:
    """From the manifest and this machine's providers."""
    from core.inference.session import providers
    from core.inference.variants import choose

    manifest = pack.manifest
    provider = providers()[0]
    choice = choose(pack, provider)
    return Shown(
        sets=_sets(manifest),
        gate=_gate(manifest),
        graphs=_graphs(pack, choice.variant.role),
        provider=tr(PROVIDERS[provider]) if provider in PROVIDERS else provider,
        why=say(choice.why),
        licences=_licences(manifest),
        classes=_classes(manifest),
        labels=tuple(one.code.code for one in pack.labels),
    )


def _sets(manifest: Any) -> Pairs:
    stated = manifest.get("conformal")
    if not stated:
        return ()
    rows = [(tr("Stated coverage"), f"{100 * stated['coverage']:g} %"),
            (tr("Fitted on"), tr("{n} cases of validation", n=sum(stated["n"])))]  # fmt: skip
    test = (manifest.get("metrics") or {}).get("conformal_test")
    if test:
        rows.append((tr("Coverage on the test"), f"{_share(test['coverage'])} · n {test['n']:,}"))
        rows += [(tr(name), _share(test[key])) for key, name in _COVERED if key in test]
        rows.append((tr("Decided (one class)"), _share(test["decided"])))
        rows.append((tr("Unlike every class"), _share(test["empty"])))
    return tuple(rows)


_COVERED = (("coverage_absent", "where the finding is absent"), ("coverage_present", "where the finding is present"))


def _share(found: Any) -> str:
    value, ci = found["value"], found.get("ci95")
    spread = f" ({100 * ci[0]:.1f}–{100 * ci[1]:.1f})" if ci else ""
    return f"{100 * value:.1f} %{spread}"


def _gate(manifest: Any) -> Pairs:
    from core.inference.drift import false_refusals

    found = false_refusals(dict(manifest))
    if found is None:
        return ()
    rows = [(tr("Refused though it should be read"), _share({"value": found["share"], "ci95": found.get("ci95")}))]
    if found.get("n"):
        on = str(found.get("on") or "")
        rows.append((tr("Measured on"), f"{tr(ON[on]) if on in ON else on} · n {found['n']:,}"))
    return tuple(rows)


ON = {"own test": "its own test", "sample films, three-fold": "sample films, three-fold"}


def _graphs(pack: Any, taken: str) -> tuple[GraphLine, ...]:
    from core.inference.variants import variants

    return tuple(
        GraphLine(v.kind, v.bytes / 1e6, v.metric, v.loss, v.agreement, v.median_ms, v.n, v.role == taken, v.sound)
        for v in variants(pack)
    )


def _licences(manifest: Any) -> Pairs:
    rows = [(tr("This model"), str(manifest.get("licence") or tr("unknown")))]
    rows += [(str(one.get("title", "")), str(one.get("licence") or tr("unknown"))) for one in manifest["training_data"]]
    if imported := manifest.get("imported"):
        rows.append((tr("Imported from"), f"{imported.get('from', '')} ({imported.get('file', '')})"))
    return tuple(rows)


def _classes(manifest: Any) -> tuple[ClassLine, ...]:
    found = ((manifest.get("metrics") or {}).get("own_test") or {}).get("labels")
    if not isinstance(found, dict) or len(found) < 3:
        return ()
    return tuple(
        ClassLine(name, int(row.get("n", 0)), row.get("auroc"),
                  tuple(row["auroc_ci95"]) if row.get("auroc_ci95") else None, row.get("recall"))
        for name, row in found.items()
    )  # fmt: skip


def loss_words(line: GraphLine) -> str:
    """What a variant loses against the plain graph, as measured."""
    if line.kind == "fp32":
        return tr("the plain graph")
    if line.loss is None:
        agreed = f"{100 * line.agreement:.1f} %" if line.agreement is not None else ""
        return tr("same decisions {share}", share=agreed) if agreed else tr("loss not measured")
    words = f"{(line.metric or 'metric').upper()} {-line.loss:+.4f}"
    return f"{words} · {100 * line.agreement:.1f} %" if line.agreement is not None else words
