"""A support bundle: what helps to find a fault, without patient data. A ZIP of plain text, to be read before it is sent."""

import importlib.metadata
import json
import platform
import sys
import zipfile
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.store import keys
from core.store.store import Store

_PACKAGES = (
    "PySide6-Essentials",
    "onnxruntime-gpu",
    "onnxruntime",
    "numpy",
    "pydicom",
    "sqlcipher3",
    "sqlite-utils",
    "shap",
)


def write_bundle(store: Store, path: Path, logs: Path | None = None) -> tuple[str, ...]:
    """Write versions, counts, checks and logs into a ZIP; returns the names inside. Nothing names a patient or a file."""
    parts = {"about.json": _about(), "store.json": _store(store)}
    texts = {name: json.dumps(value, indent=1) for name, value in parts.items()}
    for log in sorted(logs.glob("consilium.log*")) if logs and logs.is_dir() else ():
        texts[log.name] = log.read_text("utf-8", errors="replace")
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in texts.items():
                archive.writestr(name, text)
    except OSError as error:
        raise UserError(f"The bundle could not be written ({error.strerror}).", "Choose another folder.") from error
    store.audit.add_or_keep("support_bundle", store.users.acting())
    return tuple(texts)


def _about() -> dict[str, Any]:
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {"python": sys.version, "system": platform.system(), "release": platform.release(), "machine": platform.machine(),
            "packages": versions}  # fmt: skip


def _store(store: Store) -> dict[str, Any]:
    keyfile, check = keys.read(store.folder), store.audit.verify()
    with store.database.read() as connection:
        tables = ("cases", "parts", "decisions", "addenda", "assessments", "audit", "users", "drafts", "kept_files")
        counts = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
        schema = connection.execute("SELECT max(number) FROM migrations").fetchone()[0]
        status = dict(connection.execute("SELECT status, count(*) FROM cases GROUP BY status").fetchall())
        cipher = connection.execute("PRAGMA cipher_version").fetchone()
    return {
        "schema": schema,
        "cipher": cipher[0] if cipher else "",
        "bytes": sum(p.stat().st_size for p in store.folder.rglob("*") if p.is_file()),
        "key": str(keyfile.protection) if keyfile else "",
        "rows": counts,
        "cases_by_status": status,
        "integrity": list(store.database.intact()),
        "audit_whole": check.whole,
        "audit_events": check.events,
        "policy": bool(store.policy.source),
        "single_doctor": store.users.single_doctor,
    }
