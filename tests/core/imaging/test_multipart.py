"""The multipart answer of WADO-RS, cut into pieces at every place."""

import io
from pathlib import Path

import pytest

from core.errors import UserError
from core.imaging import pacs_web

FIRST, SECOND = b"one\r\n--no mark\r\n\r\n", b"\r\n--XY-but not"
ANSWER = (
    b"preamble\r\n--XYZ\r\nContent-Type: application/dicom\r\n\r\n" + FIRST
    + b"\r\n--XYZ\r\nContent-Type: application/dicom\r\nContent-Length: 14\r\n\r\n" + SECOND + b"\r\n--XYZ--\r\n"
)  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 4096])
def test_parts_come_out_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(pacs_web, "_CHUNK", size)
    parts = [path.read_bytes() for path in pacs_web._parts(io.BytesIO(ANSWER), b"XYZ", tmp_path)]
    assert parts == [FIRST, SECOND] and not list(tmp_path.iterdir())


@pytest.mark.parametrize("length", range(0, len(ANSWER) - 6, 9))
def test_a_cut_answer_is_said(tmp_path: Path, length: int) -> None:
    with pytest.raises(UserError, match="cut short"):
        list(pacs_web._parts(io.BytesIO(ANSWER[:length]), b"XYZ", tmp_path))
    assert not list(tmp_path.iterdir())
