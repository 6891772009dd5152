"""Tables and sentences of the fine-tune wizard."""

from typing import Any

from PySide6.QtWidgets import QGridLayout, QWidget

from ui.translate import tr
from ui.widgets.layout import panel
from ui.widgets.text import fixed, label


def in_use(recipe: dict[str, Any]) -> float | None:
    """Macro F1 of the pack in service with the run's id, as its card states it; another test, so only a guide."""
    from core.inference.packs import installed

    pack_id = (recipe.get("about") or {}).get("id")
    pack = next((p for p in installed() if p.id == pack_id), None)
    found = ((pack.manifest.get("metrics") or {}).get("own_test") or {}).get("f1") if pack else None
    return float(found) if isinstance(found, int | float) else None


def progress_words(state: Any, share: float) -> str:
    """Share done and time left, or how it ended."""
    if state.state == "done":
        return tr("finished")
    if state.state in ("stopped", "failed"):
        return tr("stopped at {share} %", share=round(100 * share))
    left = state.seconds_left
    if left is None:
        return tr("starting")
    minutes, seconds = divmod(round(left), 60)
    words = tr("{m} min {s} s left", m=minutes, s=seconds) if minutes else tr("{s} s left", s=seconds)
    return f"{round(100 * share)} % · {words}"


def epochs_of(recipe: dict[str, Any]) -> int:
    """How many epochs the curves can have: of trees one a step of ten rounds."""
    if recipe.get("learner") == "trees":
        return max(1, int(recipe.get("rounds", 500)) // 10)
    return int(recipe.get("epochs", 1))


def variant_words(result: dict[str, Any]) -> list[str]:
    """What was made beside the plain graph, and what it loses."""
    made = []
    for one in result.get("variants") or []:
        name = f"{one['kind']}, {one['bytes'] / 1e6:.1f} MB"
        if one["kept"]:
            loss = f"AUROC {-one['loss']:+.4f}" if one.get("loss") is not None else ""
            agreed = f"{100 * one['agreement']:.1f} %"
            made.append(tr("Kept beside the plain graph: {name}, {loss}, same decisions {share}", name=name, loss=loss,
                           share=agreed))  # fmt: skip
        elif one["kind"] != "fp32":
            made.append(tr("Not kept: {name} ({why})", name=one["kind"], why=one.get("why") or tr("it loses too much")))
    return made


def setup_of(state: Any) -> tuple[tuple[str, str], ...]:
    """What is trained and how."""
    recipe = state.recipe
    trees = recipe.get("learner") == "trees"
    rows = [("Task", str(recipe.get("task", "")))]
    if trees:
        rows += [("Learner", tr("Boosted trees")), ("Trees at most", str(recipe.get("rounds", ""))),
                 ("Leaves a tree", str(recipe.get("leaves", "")))]  # fmt: skip
    else:
        rows += [("Epochs at most", str(recipe.get("epochs", ""))), ("Examples a step", str(recipe.get("batch", "")))]
    rows += [
        ("Early stop", tr("{n} epochs", n=recipe.get("patience", ""))),
        ("Classes weighted", tr("yes") if recipe.get("class_weights") else tr("no")),
    ]
    if recipe.get("task") == "text" and recipe.get("lora_rank"):
        rows.append(("Method", tr("Adapter, rank {n}", n=recipe["lora_rank"])))
    return tuple(rows)


def check_table(found: dict[str, Any]) -> QWidget:
    """Examples of each class in each part, with the patients."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(18)
    grid.setVerticalSpacing(6)
    parts = list(found["parts"].items())
    for k, words in enumerate((tr("Class"), tr("Training"), tr("Validation"), tr("Test"))):
        grid.addWidget(label(words, "dense", "text.2"), 0, k)
    for i, name in enumerate(found["examples"], 1):
        grid.addWidget(label(name, "dense"), i, 0)
        for k, (_part, inside) in enumerate(parts, 1):
            few = inside["classes"][name] < 2
            grid.addWidget(label(f"{inside['classes'][name]:,}", "dense", "red" if few else ""), i, k)
    last = len(found["examples"]) + 1
    grid.addWidget(label(tr("Patients"), "dense", "text.2"), last, 0)
    for k, (_part, inside) in enumerate(parts, 1):
        grid.addWidget(label(f"{inside['patients']:,}", "dense", "text.2"), last, k)
    grid.setColumnStretch(4, 1)
    return panel(grid)


def notes_of(found: dict[str, Any]) -> list[str]:
    """What to know before training, in words."""
    words = [tr("Split by patient: nobody is in two parts.")]
    if found["unlabelled"]:
        words.append(tr("{n} examples without a label are left out.", n=found["unlabelled"]))
    if "unbalanced" in found["notes"]:
        words.append(tr("The classes are very unequal; they are weighted alike in training."))
    if "few" in found["notes"]:
        words.append(tr("Fewer than 200 examples: the intervals of the test will be wide."))
    if found["subgroups"]:
        words.append(tr("Measured by subgroup: {names}", names=", ".join(found["subgroups"])))
    return words


def result_table(result: dict[str, Any]) -> QWidget:
    """The test: every measure with its interval."""
    test = result.get("test") or {}
    grid = QGridLayout()
    grid.setHorizontalSpacing(18)
    grid.setVerticalSpacing(6)
    grid.addWidget(fixed("Own test, not seen in training", "strong"), 0, 0, 1, 3)
    names = (("auroc", "AUROC"), ("f1", "Macro F1"), ("balanced_accuracy", "Balanced accuracy"),
             ("sensitivity", "Sensitivity"), ("specificity", "Specificity"), ("ece", "ECE"))  # fmt: skip
    for k, (key, name) in enumerate([n for n in names if test.get(n[0]) is not None], 1):
        ci = test.get(f"{key}_ci95")
        grid.addWidget(label(tr(name), "dense", "text.2"), k, 0)
        grid.addWidget(label(f"{test[key]:.3f}", "medium"), k, 1)
        grid.addWidget(label(f"{ci[0]:.3f}–{ci[1]:.3f}" if ci else "", "dense", "text.2"), k, 2)
    words = tr("{n} examples of {p} patients", n=test.get("n", 0), p=test.get("patients", 0))
    grid.addWidget(label(words, "secondary"), 8, 0, 1, 3)
    grid.setColumnStretch(3, 1)
    return panel(grid)
