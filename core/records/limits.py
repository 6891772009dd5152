"""How much of a file is looked at before it is refused: hostile or damaged input must end in one clear sentence."""

from core.errors import Unreadable

MAX_TEXT_BYTES = 64 * 2**20
"""JSON, XML, HL7 v2, CSV and VCF; the largest synthetic lifetime record seen is below 10 MB."""
MAX_NOTE_BYTES = 200 * 2**10
"""Some 30,000 words: read in about three seconds. A longer text is an archive, not a note."""
MAX_MARKUP = 0.04
"""Share of braces, angle brackets and quotes beside a colon, comma or bracket above which a text is damaged JSON or XML."""
MAX_PDF_BYTES = 64 * 2**20
MAX_PDF_PAGES = 500
MAX_DEPTH = 200
MAX_FACTS = 100_000
"""Resources, segments, entries or lines of one file."""
MAX_VALUES = 4_000_000
"""Values in one JSON file, estimated by its commas."""
MAX_ELEMENTS = 1_000_000
"""Elements in one XML file."""
MAX_REPEATS = 5000
"""Repetitions of one HL7 v2 field, and components of one repetition, that are looked at."""
MAX_SAMPLES = 20
"""Samples in one VCF: more is a cohort, not a patient."""
MAX_PATIENTS = 1000
"""Patients in one file."""
MAX_PAIRWISE = 300
"""Records up to which each is compared with each; above, only those that share a name, a number or a birth date."""
MAX_FILES = 20_000
MAX_ARCHIVE_BYTES = 8 * 2**30
"""What a ZIP may unpack to in all."""
MAX_MEMBER_BYTES = 2 * 2**30
MAX_RATIO = 200
"""Unpacked over packed size of one member above which a ZIP is taken for a bomb."""
MAX_ARCHIVE_NESTING = 2


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.0f}" if size >= 2**20 else f"{size / 2**20:.1f}"


def check_size(name: str, size: int, limit: int) -> None:
    """Refuse what is too large to read whole."""
    if size > limit:
        raise Unreadable(
            f"{name} is {_megabytes(size)} MB; files of this kind are read up to {_megabytes(limit)} MB.",
            "Export a smaller part of the record.",
        )


def check_count(name: str, count: int, what: str) -> None:
    """Refuse a file with more facts than any person has."""
    if count > MAX_FACTS:
        raise Unreadable(f"{name} holds more than {MAX_FACTS} {what}.", "Export one patient at a time.")
