"""What must be known of a model before it can be a pack, and what its file already tells."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.domain.basics import Label
from core.errors import UserError

Answers = Mapping[str, Any]
KINDS = ("hugging-face", "torch", "scikit-learn", "onnx")
REFERENCE = (
    "Crushing chest pain spreading to the left arm, with sweating.",
    "Itchy rings on the skin of the groin for three weeks.",
    "The baby has a barking cough and noisy breathing at night.",
    "发热三天，咳嗽，无胸痛。",
)
MOST_REFERENCES = 16


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask. `kind`: text, choice, number, list, folder or file. `default`: what the file suggests; None where
    a person must say it."""

    key: str
    text: Label
    kind: str = "text"
    choices: tuple[str, ...] = ()
    default: Any = None

    @property
    def required(self) -> bool:
        """Whether the import cannot go on without an answer."""
        return self.default is None


def detect(path: Path) -> str:
    """Which of `KINDS` a file or folder is. UserError with the reason where it is none that is read."""
    if path.is_dir():
        if (path / "config.json").is_file():
            return "hugging-face"
        raise UserError(
            f"{path} holds no config.json.", "Name a Hugging Face folder, or an ONNX, TorchScript or skops file."
        )
    if not path.is_file():
        raise UserError(f"{path} is not there.", "Name a file or a folder.")
    suffix = path.suffix.lower()
    known = {
        ".onnx": "onnx",
        ".pt": "torch",
        ".pth": "torch",
        ".pt2": "torch",
        ".skops": "scikit-learn",
        ".pkl": "scikit-learn",
        ".pickle": "scikit-learn",
        ".joblib": "scikit-learn",
    }
    if suffix in known:
        return known[suffix]
    raise UserError(f"{path.name} is of no kind that is read here.", "Known: " + ", ".join(sorted(known)) + ".")


def common(path: Path, name: str = "", licence: str = "") -> list[Question]:
    """What every pack must say."""
    stem = name or path.stem
    slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:60] or "model"
    return [
        Question(
            "id",
            Label("Short name of the pack (small letters, digits, hyphens)", "模型包短名（小写字母、数字、连字符）"),
            default=f"local-{slug}"[:64],
        ),
        Question("version", Label("Version", "版本"), default="1.0.0"),
        Question("name_en", Label("Name in English", "英文名称"), default=stem),
        Question("name_zh", Label("Name in Chinese", "中文名称"), default=""),
        Question("licence", Label("Licence of the model", "模型许可证"), default=licence or None),
        Question("data_title", Label("What was it trained on?", "用什么数据训练？")),
        Question("data_licence", Label("Licence of the training data", "训练数据许可证")),
        Question(
            "patients",
            Label("How many patients were in the training data? (0: not known)", "训练数据包含多少患者？（0：未知）"),
            "number",
            default=0,
        ),
    ]


def labels(count: int, known: tuple[str, ...] = ()) -> list[Question]:
    """What the outputs mean. `known`: names in the file, in the order of the outputs."""
    many = f"{count} " if count else ""
    shown = [{"code": n, "en": n} for n in known] or None
    return [
        Question(
            "labels",
            Label(
                f"The {many}outputs in their order, each with code, en, zh (and system, threshold, prevalence)",
                f"按顺序列出 {many}个输出，各含 code、en、zh（及 system、threshold、prevalence）",
            ),
            "list",
            default=shown,
        )
    ]


def reference_question() -> Question:
    """Texts whose answers every machine must give again."""
    return Question(
        "reference_texts",
        Label(
            "File with reference texts, one a line (made-up; nothing: four of ours)",
            "参考文本文件，每行一条（虚构；留空则用内置四条）",
        ),
        "file",
        default="",
    )


def reference_texts(answers: Answers) -> tuple[str, ...]:
    """The texts of the file named in the answers, else our own. UserError where it holds fewer than two."""
    if not answers.get("reference_texts"):
        return REFERENCE
    path = Path(str(answers["reference_texts"]))
    try:
        found = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as text.", "Give a UTF-8 file with one text a line.") from error
    if len(found) < 2:
        raise UserError(f"{path.name} holds fewer than two texts.", "Give a UTF-8 file with one text a line.")
    return tuple(found[:MOST_REFERENCES])


def unanswered(asked: list[Question], answers: Answers) -> tuple[Question, ...]:
    """Questions with no answer yet: those that must be answered first."""
    left = [q for q in asked if q.key not in answers]
    return tuple(sorted(left, key=lambda q: not q.required))


def settled(asked: list[Question], answers: Answers) -> dict[str, Any]:
    """Answers with defaults filled in. UserError naming everything that must still be said, or is not among the choices."""
    missing = [q for q in asked if q.required and answers.get(q.key) in (None, "", [])]
    if missing:
        said = "; ".join(f"{q.key}: {q.text.en}" for q in missing)
        raise UserError(f"Not answered: {said}.", "Answer them in the file given with --answers.")
    found = {q.key: answers.get(q.key, q.default) for q in asked}
    for q in asked:
        if q.choices and found[q.key] not in q.choices:
            raise UserError(f"{q.key} cannot be {found[q.key]!r}.", f"Choose one of {', '.join(q.choices)}.")
    return {**answers, **found}


def read_answers(path: Path | None) -> dict[str, Any]:
    """A JSON object from a file; empty without one."""
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"The answers in {path} cannot be read: {error}.", "Give a JSON object.") from error
    if not isinstance(found, dict):
        raise UserError(f"The answers in {path} are not a JSON object.", "Give a JSON object.")
    return found
