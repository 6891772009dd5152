"""Treatment tables: YAML files of a folder, parsed once and kept as JSON in the pack folder by content hash."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from core.domain.basics import Citation, Label
from core.errors import UserError
from core.paths import packs


@dataclass(frozen=True, slots=True)
class Tables:
    """Parsed files by file name, with the digest of all of them; `version` is its first eight digits."""

    files: dict[str, Any]
    sha256: str

    @property
    def version(self) -> str:
        """A short version derived from the content."""
        return self.sha256[:8]


def read_folder(folder: Path) -> Tables:
    """All `*.yaml` of a folder. Raises `UserError` naming the file that cannot be parsed."""
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise UserError(f"The knowledge tables in {folder} are missing.", "Install the program again.")
    contents = {path.name: path.read_bytes() for path in paths}
    sha256 = hashlib.sha256(b"\0".join(name.encode() + b"\0" + data for name, data in contents.items())).hexdigest()
    cached = packs() / "treatment" / f"{folder.name}-{sha256[:16]}.json"
    files = _cached(cached)
    if files is None:
        files = {name: _parse(name, data) for name, data in contents.items()}
        _keep(cached, files)
    return Tables(files, sha256)


def _cached(path: Path) -> dict[str, Any] | None:
    """The compiled form, or None where there is none or it is damaged (it is then built again)."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return None


def _keep(path: Path, files: dict[str, Any]) -> None:
    """Write the compiled form beside, then swap it in; a folder that cannot be written only costs the next start."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as handle:
            handle.write(msgspec.json.encode(files))
        Path(handle.name).replace(path)
    except OSError:
        return


def _parse(name: str, data: bytes) -> Any:
    try:
        return yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise UserError(f"The knowledge table {name} cannot be read: {error}.", "Restore the file.") from error


def label(value: Any) -> Label:
    """A label from `[en, zh]`; empty for None. Raises ValueError for anything else (a comma that was not quoted)."""
    if value is None:
        return Label("")
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(part, str) for part in value):
        raise ValueError(f"not a label of two texts: {value!r}")
    return Label(*value)


def citation(value: Any) -> Citation:
    """A citation from `{title:, year:, url:}` or `[title, year]`."""
    if isinstance(value, dict):
        return Citation(value["title"], int(value.get("year", 0)), value.get("url", ""), str(value.get("version", "")))
    return Citation(value[0], int(value[1]) if len(value) > 1 else 0)
