"""What the import wizard asks of the core, off the window's thread: look, make the pack, check it, install it."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import paths
from core.errors import UserError
from core.inference.importing.questions import Question
from core.progress import Report
from core.store.users import Permission
from ui.session import Session

PACK = "pack"
KIND_WORDS = {
    PACK: "Model pack",
    "onnx": "ONNX file",
    "hugging-face": "Hugging Face folder",
    "torch": "TorchScript file",
    "scikit-learn": "scikit-learn model",
}


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file or folder is, and what must be known of it first."""

    kind: str
    questions: tuple[Question, ...]


def home() -> Path:
    """Where packs made by the wizard lie until they are installed or thrown away."""
    return paths.profile() / "models-imported"


def look(path: Path, answers: dict[str, Any], report: Report) -> Looked:
    """A pack needs no answers; anything else says what it leaves open."""
    from core.inference.importing.aside import questions_aside
    from core.inference.packs import MANIFEST

    if not str(path).strip() or str(path) == ".":
        raise UserError("There is no model.", "Choose a file or a folder.")
    if path.suffix.lower() == ".zip" or (path / MANIFEST).is_file():
        return Looked(PACK, ())
    kind, questions = questions_aside(path, answers, report=report)
    return Looked(kind, tuple(questions))


def make(path: Path, answers: dict[str, Any], report: Report) -> Path:
    """The folder of the pack made of a model from elsewhere."""
    from core.inference.importing.aside import import_aside

    out = home() / str(answers.get("id") or "model")
    out.parent.mkdir(parents=True, exist_ok=True)
    import_aside(path, out, answers, report=report)
    return out


def install(session: Session, source: Path, reason: str, report: Report) -> Any:
    """Install what was examined; every check runs once more. `reason`: why an unsigned pack is taken, "" for a signed one.
    Needs the permission to install packs; audited."""
    from core.inference import install as installing

    who = session.store.users.require(Permission.INSTALL_PACKS, session.user)
    pack = installing.install(source, allow_unsigned=bool(reason), report=report)
    more = {"unsigned": reason} if reason else {}
    session.store.audit.add("install_pack", who, "", pack=pack.id, version=pack.pack_version, **more)
    if source.is_relative_to(home()):
        shutil.rmtree(source, ignore_errors=True)
    return pack


def trust(session: Session, key: Path) -> str:
    """Trust a maker's public key; audited with its fingerprint."""
    import hashlib

    from core.inference import install as installing

    who = session.store.users.require(Permission.INSTALL_PACKS, session.user)
    installing.trust(key)
    mark = hashlib.sha256(key.read_bytes()).hexdigest()[:16]
    session.store.audit.add("trust_key", who, "", key=key.name, sha256=mark)
    return mark


def may_install(session: Session) -> str:
    """ "" where the person signed in may install packs, else why not."""
    try:
        session.store.users.require(Permission.INSTALL_PACKS, session.user)
    except UserError as error:
        return f"{error.what} {error.next_step}"
    return ""
