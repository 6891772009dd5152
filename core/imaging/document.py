"""Encapsulated PDF documents (PS3.3 A.45.1) as pictures of their pages, by PDFium."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray

from core.errors import Unreadable
from core.imaging.header import guarded, read_dataset

DOTS_AN_INCH = 130
MAX_PAGES = 500
MAX_SIDE_POINTS = 3_000
"""Longest side of a page (a metre); larger ones are drawn smaller, so that a page cannot ask for any amount of memory."""


def page_count(path: str | Path) -> int:
    """Pages of the PDF in an encapsulated document. Raises `Unreadable`."""
    return int(_with_pdf(path, len))


def draw_page(path: str | Path, index: int) -> NDArray[np.uint8]:
    """A page as uint8 (rows, columns, 3), 130 dots an inch. Raises `Unreadable`."""

    def draw(pdf: Any) -> NDArray[np.uint8]:
        page = pdf[index]
        scale = DOTS_AN_INCH / 72 * min(1.0, MAX_SIDE_POINTS / max(*page.get_size(), 1.0))
        pixels = page.render(scale=scale, rev_byteorder=True).to_numpy()
        return np.ascontiguousarray(pixels[..., :3] if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2))

    return np.asarray(_with_pdf(path, draw))


def _with_pdf(path: str | Path, work: Any) -> Any:
    name = Path(path).name
    try:
        pdfium = importlib.import_module("pypdfium2")
    except ImportError as error:
        raise Unreadable(f"{name}: PDF pages need the package pypdfium2.", "Ask your IT department.") from error
    data = pdf_bytes(read_dataset(path), name)

    def run() -> Any:
        pdf = pdfium.PdfDocument(data)
        try:
            if len(pdf) > MAX_PAGES:
                raise Unreadable(f"{name} holds {len(pdf)} pages, which is too many.")
            return work(pdf)
        finally:
            pdf.close()

    return guarded(run, name)


def pdf_bytes(dataset: pydicom.Dataset, name: str) -> bytes:
    """The PDF inside. Raises `Unreadable` where the document is of another kind."""
    kind = str(dataset.get("MIMETypeOfEncapsulatedDocument", ""))
    data = dataset.get("EncapsulatedDocument")
    if not data or kind.lower() not in {"", "application/pdf"} or not bytes(data[:1024]).count(b"%PDF"):
        raise Unreadable(f"{name} holds no PDF ({kind or 'kind not stated'}).")
    return bytes(data)
