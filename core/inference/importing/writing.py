"""A pack from its graph and its answers: manifest, card with what is still to be said, files, hashes."""

import hashlib
import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.inference import packs
from core.inference.importing.card_text import CARD, GAP
from core.inference.install import screen

TOLERANCE = 1e-3


def manifest_head(answers: dict[str, Any], task: str, source: dict[str, Any]) -> dict[str, Any]:
    """Everything of a manifest that does not depend on the graph. Never validated: that is for `learn evaluate` to say."""
    pack_id = str(answers["id"])
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,63}", pack_id):
        raise UserError(f"{pack_id} cannot be the id of a pack.", "Use small letters, digits and hyphens.")
    name = {"en": str(answers["name_en"])} | ({"zh": str(answers["name_zh"])} if answers.get("name_zh") else {})
    patients = int(answers.get("patients") or 0)
    return {
        "schema": packs.SCHEMA_VERSION,
        "id": pack_id,
        "version": str(answers["version"]),
        "task": task,
        "name": name,
        "licence": str(answers["licence"]),
        "created": datetime.now(UTC).date().isoformat(),
        "imported": {**source, "validated": False},
        "training_data": [
            {
                "title": str(answers["data_title"]),
                "licence": str(answers["data_licence"]),
                "films": int(answers.get("films") or 0),
                "patients": patients,
            }
        ],
        "metrics": {},
    }


def label_specs(answers: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """The manifest's labels. UserError where their number is not the graph's."""
    given = answers["labels"]
    if not isinstance(given, list) or len(given) != count:
        had = len(given) if isinstance(given, list) else "no list"
        raise UserError(f"The graph has {count} outputs, the answers name {had}.", "Name them in their order.")
    found = []
    for item in given:
        one = {"code": item} if isinstance(item, str) else dict(item)
        code = str(one.get("code") or one.get("en") or "")
        if not code:
            raise UserError("A label has no code.", "Give each label a code.")
        name = {"en": str(one.get("en") or code)} | ({"zh": str(one["zh"])} if one.get("zh") else {})
        found.append(
            {
                "code": {"system": str(one.get("system") or "local"), "code": code},
                "name": name,
                "threshold": float(one.get("threshold", 0.5)),
                "prevalence": float(one.get("prevalence", 0.5 if count == 1 else 1 / count)),
            }
        )
    return found


def plain_calibration() -> dict[str, Any]:
    """The model's own probabilities, as they are."""
    return {"method": "none: the model's own", "temperature": 1.0, "bias": 0.0, "covariance": [0.0] * 4, "spread": 0.0}


def write(folder: Path, manifest: dict[str, Any], files: dict[str, bytes]) -> packs.Pack:
    """Write, verify, screen, then swap in; a pack that fails leaves what was there."""
    whole = {**files, "MODEL_CARD.md": files.get("MODEL_CARD.md") or card(manifest).encode()}
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        for name, data in whole.items():
            (part / name).write_bytes(data)
        listed = {n: {"sha256": hashlib.sha256(d).hexdigest(), "bytes": len(d)} for n, d in sorted(whole.items())}
        text = json.dumps({**manifest, "files": listed}, ensure_ascii=False, indent=1)
        (part / packs.MANIFEST).write_text(text + "\n", encoding="utf-8")
        screen(packs.verify(part))
        old = folder.with_name(folder.name + ".old")
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.replace(old)
        part.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return packs.load(folder)


def card(manifest: dict[str, Any]) -> str:
    """A model card with what the import knows; the rest is marked to be filled in by who answers for the model."""
    data = manifest["training_data"][0]
    labels = manifest.get("labels") or []
    lines = "\n".join(
        f"- `{one['code']['code']}` {one['name']['en']}, threshold {one['threshold']:g}" for one in labels
    )
    source = manifest["imported"]
    known = {
        "name": manifest["name"]["en"],
        "id": manifest["id"],
        "version": manifest["version"],
        "task": manifest["task"],
        "licence": manifest["licence"],
        "source": f"{source['from']} ({source['file']}, sha256 {source['sha256'][:16]})",
        "data": f"{data['title']} ({data['licence']})",
        "labels": lines or GAP,
        "gap": GAP,
    }
    return CARD.format(**known)


def sha256_of(path: Path) -> str:
    """Of a file; of a folder, over its files' names and hashes."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    parts = "".join(
        f"{p.name} {hashlib.sha256(p.read_bytes()).hexdigest()}\n" for p in sorted(path.iterdir()) if p.is_file()
    )
    return hashlib.sha256(parts.encode()).hexdigest()
