"""Model packs: a folder with ONNX graphs, a manifest, a model card, and the sha256 of every file."""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from core import paths
from core.domain.basics import Coding, Label, Version
from core.errors import NewerFile, Unreadable, UserError
from core.inference.calibration import Calibration
from core.inference.preprocess import Preprocessing

MANIFEST = "manifest.json"
SCHEMA_VERSION = 1
_SCHEMA = paths.RESOURCES / "models" / "manifest.schema.json"
_REINSTALL = "Install the pack again from its original file."
_MOST_BYTES = 2 << 30
_ANY: dict[str, Any] = {  # the domain of a pack that reads no films
    "modalities": (), "views": (), "body_parts": (), "age_from_years": 0, "age_below_years": 200, "least_size": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PackLabel:
    """One output of the model. `threshold` is on the calibrated probability; `prevalence` the share of the label that
    the calibration stands for."""

    code: Coding
    name: Label
    threshold: float
    prevalence: float
    also: tuple[Coding, ...] = ()


@dataclass(frozen=True, slots=True)
class Domain:
    """What the pack was validated on; anything known to lie outside is refused. Age: from (inclusive) to (exclusive)."""

    modalities: tuple[str, ...]
    views: tuple[str, ...]
    body_parts: tuple[str, ...]
    age_from_years: float
    age_below_years: float
    least_size: int


@dataclass(frozen=True, slots=True)
class Pack:
    """One model pack on disk, its manifest checked against the schema. Files are verified as they are read."""

    folder: Path
    id: str
    pack_version: str
    sha256: str
    task: str
    name: Label
    labels: tuple[PackLabel, ...]
    domain: Domain
    preprocessing: Preprocessing
    calibration: Calibration
    manifest: Mapping[str, Any] = field(compare=False, hash=False, repr=False)

    def __hash__(self) -> int:
        return hash((self.folder, self.sha256))  # the sha256 stands for all the rest; caches are keyed by packs

    @property
    def version(self) -> Version:
        """Id, version and the sha256 of the manifest (which holds the sha256 of every other file)."""
        return Version(self.id, self.pack_version, self.sha256)

    @property
    def regions(self) -> tuple[int, int]:
        """Rows and columns of the explanation's grid."""
        return int(self.manifest["regions"]["rows"]), int(self.manifest["regions"]["columns"])

    def read(self, name: str) -> bytes:
        """The bytes of one file of the pack, its sha256 checked. Unreadable where they differ."""
        stated = self.manifest["files"].get(name)
        if stated is None:
            raise Unreadable(f"The model pack {self.id} does not list the file {name}.", _REINSTALL)
        path = self.folder / name
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Unreadable(
                f"The model pack {self.id} lacks its file {name}: {error.strerror}.", _REINSTALL
            ) from error
        if hashlib.sha256(data).hexdigest() != stated["sha256"]:
            raise Unreadable(f"The file {name} of the model pack {self.id} was altered (sha256 differs).", _REINSTALL)
        return data

    def graph(self, role: str) -> bytes:
        """The ONNX bytes for a role: `predict`, or `predict_int8` where the pack has it."""
        name = self.manifest["graphs"].get(role)
        if name is None:
            raise UserError(f"The model pack {self.id} has no graph for {role}.", "Choose another variant.")
        return self.read(name)


def graph_files(pack: Pack) -> tuple[str, ...]:
    """Names of the pack's ONNX files: its roles, and the one-pass explainer where it has one."""
    named = [*pack.manifest["graphs"].values(), (pack.manifest.get("explanation") or {}).get("one_pass", "")]
    return tuple(dict.fromkeys(name for name in named if name))


def folders() -> Iterator[Path]:
    """Folders that hold packs: shipped ones, then those the user installed (a later one of the same id wins)."""
    for root in (paths.RESOURCES / "models", paths.profile() / "models"):
        if root.is_dir():
            yield from sorted(p for p in root.iterdir() if (p / MANIFEST).is_file())


def installed() -> tuple[Pack, ...]:
    """Every usable pack, by id. One that cannot be read is left out and logged; `models verify` tells why."""
    packs: dict[str, Pack] = {}
    for folder in folders():
        try:
            packs[folder.name] = load(folder)
        except UserError as error:
            logging.getLogger(__name__).warning("model pack %s left out: %s", folder.name, error)
    return tuple(packs[name] for name in sorted(packs))


def find(pack_id: str) -> Pack:
    """The installed pack of that id. UserError where there is none."""
    for pack in installed():
        if pack.id == pack_id:
            return pack
    known = ", ".join(p.id for p in installed()) or "none"
    raise UserError(f"No model pack is called {pack_id}.", f"Installed: {known}.")


def load(folder: Path) -> Pack:
    """The pack in `folder`: manifest read, version and schema checked. Files are not read yet (`verify` does)."""
    try:
        data = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise Unreadable(
            f"{folder} is not a model pack: {error.strerror}.", "Name a folder with manifest.json."
        ) from error
    return _parsed(folder, data)


@lru_cache(maxsize=64)
def _parsed(folder: Path, data: bytes) -> Pack:
    manifest = _checked(folder, data)
    domain = manifest.get("domain") or _ANY
    return Pack(
        folder=folder,
        id=manifest["id"],
        pack_version=manifest["version"],
        sha256=hashlib.sha256(data).hexdigest(),
        task=manifest["task"],
        name=Label(**manifest["name"]),
        labels=tuple(_label(spec) for spec in manifest.get("labels", ())),
        domain=Domain(
            modalities=tuple(domain["modalities"]),
            views=tuple(domain["views"]),
            body_parts=tuple(domain["body_parts"]),
            age_from_years=float(domain["age_from_years"]),
            age_below_years=float(domain["age_below_years"]),
            least_size=int(domain["least_size"]),
        ),
        preprocessing=Preprocessing.of(manifest.get("preprocessing") or {"size": 1, "equalise_box": 1}),
        calibration=Calibration.of(manifest["calibration"]) if "calibration" in manifest else Calibration(),
        manifest=manifest,
    )


def _label(spec: dict[str, Any]) -> PackLabel:
    return PackLabel(
        code=Coding(**spec["code"]),
        name=Label(**spec["name"]),
        threshold=float(spec["threshold"]),
        prevalence=float(spec["prevalence"]),
        also=tuple(Coding(**other) for other in spec.get("also", ())),
    )


def _checked(folder: Path, data: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(data)
    except ValueError as error:
        raise Unreadable(f"The manifest of {folder.name} is not JSON: {error}.", _REINSTALL) from error
    if not isinstance(manifest, dict):
        raise Unreadable(f"The manifest of {folder.name} is not a JSON object.", _REINSTALL)
    stated = manifest.get("schema")
    if isinstance(stated, int) and stated > SCHEMA_VERSION:
        raise NewerFile(
            f"The model pack {folder.name} was made for a newer version (manifest schema {stated}).",
            "Update the program, or install an older version of the pack.",
        )
    _validate(folder, manifest)
    return manifest


def _validate(folder: Path, manifest: dict[str, Any]) -> None:
    import jsonschema

    schema = json.loads(_SCHEMA.read_bytes())
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(manifest))
    if error is not None:
        place = "/".join(str(p) for p in error.absolute_path) or "manifest"
        raise Unreadable(f"The manifest of {folder.name} is not valid at {place}: {error.message[:200]}.", _REINSTALL)


def verify(folder: Path) -> Pack:
    """Load a pack and check every file: listed, present, sha256 and size as stated, nothing unlisted beside them."""
    pack = load(folder)
    listed = set(pack.manifest["files"]) | {MANIFEST, "manifest.sig"}
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    if extra := sorted(present - listed):
        raise Unreadable(f"The model pack {pack.id} holds files its manifest does not list: {extra[0]}.", _REINSTALL)
    if sum(int(f["bytes"]) for f in pack.manifest["files"].values()) > _MOST_BYTES:
        raise Unreadable(f"The model pack {pack.id} is larger than 2 GiB.", "Use a smaller model.")
    for name in pack.manifest["files"]:
        pack.read(name)
    return pack
