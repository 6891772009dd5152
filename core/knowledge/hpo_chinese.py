"""HPO's Chinese labels: a babelon table as TSV, gzipped TSV, or the archive that it comes in."""

import csv
import gzip
import io
import zipfile
import zlib
from pathlib import Path

from core.errors import UserError

_COLUMNS = frozenset({"subject_id", "predicate_id", "translation_value"})
_NEXT = "Give hp-zh.babelon.tsv, the same file gzipped, or the zip archive that holds it."


def labels(path: Path | None) -> dict[str, str]:
    """Chinese labels by HPO id; none for no path. Raises `UserError` where the file is no such table."""
    if path is None:
        return {}
    if not path.is_file():
        raise UserError(f"{path} is not a file.", _NEXT)
    try:
        text = _bytes(path).decode("utf-8-sig")
    except (UnicodeDecodeError, OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise UserError(f"{path.name} is no table of labels: {error}.", _NEXT) from error
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t")
    if not set(rows.fieldnames or ()) >= _COLUMNS:
        raise UserError(f"{path.name} lacks the columns {', '.join(sorted(_COLUMNS))}.", _NEXT)
    return {
        row["subject_id"]: row["translation_value"]
        for row in rows
        if row["predicate_id"] == "rdfs:label" and row["translation_value"]
    }


def _bytes(path: Path) -> bytes:
    """The table's bytes, out of whatever wraps it (told by content, not by name)."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            tables = [n for n in archive.namelist() if n.endswith((".tsv", ".tsv.gz"))]
            named = [n for n in tables if "babelon" in n] or tables
            if not named:
                raise UserError(f"{path.name} holds no table of labels.", _NEXT)
            held = archive.read(named[0])
    else:
        held = path.read_bytes()
    return gzip.decompress(held) if held[:2] == b"\x1f\x8b" else held
