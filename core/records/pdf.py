"""PDF with text -> a note, page by page. A scanned page has no text and is named as not read."""

import io
import logging

from core.errors import Unreadable
from core.records.draft import Draft, Reading, content_key
from core.records.limits import MAX_NOTE_BYTES, MAX_PDF_BYTES, MAX_PDF_PAGES, check_size
from core.records.text import add_note


def read(data: bytes, file: str) -> Reading:
    """One record with one note. Raises `Unreadable` for a damaged, locked or text-less PDF."""
    check_size(file, len(data), MAX_PDF_BYTES)
    pages = _pages(data, file)
    if not any(page.strip() for page in pages):
        raise Unreadable(f"{file} has no text on its pages (a scan?).", "Type the note, or open a PDF with text.")
    empty = [str(number) for number, page in enumerate(pages, start=1) if not page.strip()]
    words = "\n\f\n".join(pages)
    check_size(file, len(words), MAX_NOTE_BYTES)
    draft = Draft(file, "pdf", content_key(data))
    add_note(draft, words, "pages")
    return Reading((draft.record(),), (f"pages without text: {', '.join(empty)}",) if empty else ())


def _pages(data: bytes, file: str) -> list[str]:
    import pypdf
    from pypdf.errors import PyPdfError

    # pypdf reports each oddity of a damaged file through logging; one sentence from us is enough.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    damaged = Unreadable(f"{file} is a damaged PDF.", "Export it again.")
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable(f"{file} is protected by a password.", "Save it without a password.")
        if len(reader.pages) > MAX_PDF_PAGES:
            raise Unreadable(f"{file} has more than {MAX_PDF_PAGES} pages.", "Save the pages that matter.")
        return [page.extract_text() for page in reader.pages]
    except Unreadable:
        raise
    except (PyPdfError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError, RecursionError,
            AssertionError, NotImplementedError, ImportError) as error:  # fmt: skip
        # The parser of a third party on a damaged file: whatever it trips over, the file is what is wrong.
        raise damaged from error
