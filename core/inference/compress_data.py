"""Cases to calibrate and measure a compressed graph with: films of a folder, texts of a file, rows of a table."""

from pathlib import Path

import numpy as np

from core.errors import UserError
from core.inference.compress import Data
from core.inference.packs import Pack
from core.progress import Report, silent


def read_data(pack: Pack, source: Path, report: Report = silent) -> Data:
    """Cases for a pack. Films: a folder (a subfolder named after a label's code, or PNEUMONIA, holds positives; NORMAL
    or `no-...` negatives). Texts: a file with one text a line, a tab and 1 or 0 before it where known. Tables: a CSV with
    the pack's columns, and one named after each label where known."""
    if pack.task == "image-classification":
        return _films(pack, source, report)
    if pack.task == "tabular-classification":
        return _rows(pack, source)
    if pack.task in ("text-classification", "text-embedding", "token-classification"):
        return _texts(pack, source)
    raise UserError(f"Packs of the task {pack.task} are not compressed.", "Films, texts and tables are.")


def _films(pack: Pack, source: Path, report: Report) -> Data:
    from core.imaging.pixels import presentation
    from core.inference.preprocess import film

    if not source.is_dir():
        raise UserError(f"{source} is no folder.", "Name a folder of films.")
    size, regions = pack.preprocessing.size, pack.regions[0] * pack.regions[1]
    rest = {"baseline": np.zeros((1, 1, size, size), np.float32), "masks": np.ones((1, regions), np.float32)}
    found = sorted(p for p in source.rglob("*") if p.is_file())
    order = np.random.default_rng(0).permutation(len(found))
    feeds, labels = [], []
    for i, k in enumerate(order):
        path = found[int(k)]
        report(i, len(order), "films")
        try:
            feeds.append({"film": film(presentation(str(path)), pack.preprocessing)[None], **rest})
        except UserError:
            continue  # a file beside the films
        labels.append([_folder_label(path.parent.name.lower(), one.code.code.lower()) for one in pack.labels])
    return Data(tuple(feeds), np.array(labels, np.int64).reshape(len(feeds), len(pack.labels)))


def _folder_label(name: str, code: str) -> int:
    if name in (code, "pneumonia", "positive"):
        return 1
    return 0 if name in ("normal", "negative") or name.startswith("no-") else -1


def _rows(pack: Pack, source: Path) -> Data:
    import csv

    from core.inference.classification import layout_of

    try:
        with source.open(encoding="utf-8-sig", newline="") as stream:
            rows = [{k: v or "" for k, v in row.items() if k} for row in csv.DictReader(stream)]
    except (OSError, ValueError) as error:
        raise UserError(f"{source} cannot be read: {error}.", "Give a CSV with the pack's columns.") from error
    encoded = layout_of(pack).encode(rows)
    labels = [[_known(row.get(one.code.code, "")) for one in pack.labels] for row in rows]
    feeds = tuple({"row": encoded[k : k + 1]} for k in range(len(rows)))
    return Data(feeds, np.array(labels, np.int64).reshape(len(rows), len(pack.labels)))


def _known(text: str) -> int:
    return {"1": 1, "0": 0}.get(text.strip(), -1)


def _texts(pack: Pack, source: Path) -> Data:
    from core.inference.text_tasks import inputs

    try:
        lines = [line for line in source.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise UserError(f"{source} cannot be read: {error}.", "Give a text file with one text a line.") from error
    tokenizer, spec = pack.read(pack.manifest["text"]["tokenizer"]), pack.manifest["text"]
    pairs = [line.split("\t", 1) if "\t" in line else ["", line] for line in lines]
    feeds = tuple({k: np.asarray(v) for k, v in inputs(tokenizer, spec, [text]).items()} for _, text in pairs)
    width = max(1, len(pack.labels))
    return Data(feeds, np.array([[_known(mark)] * width for mark, _ in pairs], np.int64))
