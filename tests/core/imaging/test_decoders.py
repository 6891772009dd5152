"""The decoder matrix: every syntax of the development data against a second decoder, pixel by pixel."""

import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.errors import Unreadable
from core.imaging import decode
from core.imaging.header import Header, read_header
from core.imaging.pixels import frame

pytestmark = pytest.mark.data
FILES_A_SYNTAX = 8
MAX_BYTES = 3_000_000

SYNTAXES = {
    "1.2.840.10008.1.2": "gdcm",
    "1.2.840.10008.1.2.1": "gdcm",
    "1.2.840.10008.1.2.1.99": "dcmconv",
    "1.2.840.10008.1.2.2": "dcmconv",
    "1.2.840.10008.1.2.5": "dcmdrle",
    "1.2.840.10008.1.2.4.50": "dcmdjpeg",
    "1.2.840.10008.1.2.4.57": "dcmdjpeg",
    "1.2.840.10008.1.2.4.70": "dcmdjpeg",
    "1.2.840.10008.1.2.4.80": "dcmdjpls",
    "1.2.840.10008.1.2.4.81": "dcmdjpls",
    "1.2.840.10008.1.2.4.90": "gdcm",
    "1.2.840.10008.1.2.4.91": "gdcm",
}
"""Syntax -> the second decoder (GDCM reads whole files here in a process of its own; our JPEG 2000 is OpenJPEG)."""
LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.91"}
GDCM = """
import sys, gdcm, numpy as np
reader = gdcm.ImageReader(); reader.SetFileName(sys.argv[1]); assert reader.Read()
image = reader.GetImage(); form = image.GetPixelFormat()
kinds = {0: "u1", 1: "i1", 2: "u2", 3: "i2", 4: "u2", 5: "i2", 6: "u4", 7: "i4"}
data = image.GetBuffer().encode("utf-8", "surrogateescape")
flat = np.frombuffer(data, kinds[form.GetScalarType()])
shape = (image.GetDimension(1), image.GetDimension(0))
np.save(sys.argv[2], flat[: shape[0] * shape[1]].reshape(shape))
"""


@pytest.fixture(scope="module")
def by_syntax(unpacked: Callable[[str], Path]) -> dict[str, list[Header]]:
    """Grey images of the development data by transfer syntax, smallest files first."""
    found: dict[str, list[Header]] = defaultdict(list)
    files = [p for p in unpacked("dicom-syntax-dev").rglob("*") if p.is_file() and p.stat().st_size < MAX_BYTES]
    for path in sorted(files, key=lambda p: (p.stat().st_size, p.name)):
        with path.open("rb") as file:
            if file.read(132)[128:] != b"DICM":
                continue
        header = read_header(path)
        grey = header.text("PhotometricInterpretation").startswith("MONOCHROME")
        if header.has_pixels and grey and header.integer("BitsAllocated") in {8, 16} and not _empty(header):
            found[header.syntax].append(header)
    return found


def _empty(header: Header) -> bool:
    return header.pixel_offset < 0 and header.syntax == "1.2.840.10008.1.2.1"


def second(header: Header, tool: str, folder: Path) -> np.ndarray | None:
    """The first frame by another decoder; None where that decoder refuses the file."""
    target = folder / "out"
    if tool == "gdcm":
        command = [sys.executable, "-c", GDCM, header.path, f"{target}.npy"]
    else:
        command = [tool, *(["+te"] if tool == "dcmconv" else []), header.path, str(target)]
    run = subprocess.run(command, capture_output=True, check=False, timeout=60)
    if run.returncode:
        return None
    return np.load(f"{target}.npy") if tool == "gdcm" else decode.stored(read_header(target), 0)


@pytest.mark.parametrize("syntax", sorted(SYNTAXES))
def test_syntax_against_a_second_decoder(syntax: str, by_syntax: dict[str, list[Header]], tmp_path: Path) -> None:
    tool = SYNTAXES[syntax]
    if tool != "gdcm" and shutil.which(tool) is None:
        pytest.skip(f"{tool} (Debian package dcmtk) is not installed")
    compared = 0
    for header in by_syntax[syntax][-FILES_A_SYNTAX:]:
        reference = second(header, tool, tmp_path)
        if reference is None:
            continue
        ours = frame(header.path).stored.astype(np.int64)
        assert ours.shape == reference.shape, header.path
        allowed = 1 if syntax in LOSSY else 0
        assert np.abs(ours - reference).max() <= allowed, header.path
        compared += 1
    assert compared, "no file of this syntax could be compared"


def test_every_file_gives_pixels_or_a_reason(unpacked: Callable[[str], Path]) -> None:
    """No file of the set ends in anything but a picture or a sentence that names what is missing."""
    shown = refused = 0
    for path in sorted(unpacked("dicom-syntax-dev").rglob("*")):
        if not path.is_file() or path.suffix not in {"", ".dcm"}:
            continue
        try:
            frame(path)
            shown += 1
        except Unreadable as error:
            assert str(error)
            refused += 1
    assert shown > 300 and refused < 150


@pytest.mark.parametrize(
    ("name", "words"),
    [("MR1_JPLY", "JPEG Extended, 12 bit: no decoder"), ("1.2.840.10008.1.2.4.53.dcm", "JPEG Spectral Selection")],
)
def test_what_cannot_be_decoded_is_named(unpacked: Callable[[str], Path], name: str, words: str) -> None:
    path = next(p for p in unpacked("dicom-syntax-dev").rglob(f"*{name}"))
    with pytest.raises(Unreadable, match=words):
        frame(path)
