"""ZIP archives, unpacked into a scratch folder without trusting a byte of them."""

import lzma
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from core.errors import Unreadable
from core.progress import Report, silent
from core.records.limits import MAX_ARCHIVE_BYTES, MAX_FILES, MAX_MEMBER_BYTES, MAX_RATIO

_CHUNK = 1 << 20
_SMALL = 1 << 20
"""Below this unpacked size the ratio says nothing (an empty bitmap packs 1000:1)."""


def unpack(path: Path, scratch: Path, report: Report = silent) -> tuple[list[tuple[Path, str]], tuple[str, ...]]:
    """The files of a ZIP as (path in scratch, name inside), and what was left out and why.

    Raises `Unreadable` for a damaged archive, a bomb, or names that lead outside: then nothing of it is used.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            left = _check(path, members)
            wanted = [m for m in members if not m.is_dir() and m.filename not in left]
            return _extract(archive, wanted, scratch, report), tuple(f"{name}: {why}" for name, why in left.items())
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, RuntimeError, OSError) as error:
        raise Unreadable(
            f"{path.name} is not a readable ZIP ({error}).", "Pack it again, without a password."
        ) from error


def _check(path: Path, members: list[zipfile.ZipInfo]) -> dict[str, str]:
    if len(members) > MAX_FILES:
        raise Unreadable(f"{path.name} holds more than {MAX_FILES} files.", "Unpack it and open a part.")
    total = sum(m.file_size for m in members)
    if total > MAX_ARCHIVE_BYTES or any(_is_bomb(m) for m in members):
        raise Unreadable(f"{path.name} would unpack to far more than it holds; it was not opened.", "It may be a bomb.")
    left: dict[str, str] = {}
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or (name.parts and ":" in name.parts[0]):
            raise Unreadable(
                f"{path.name} holds a name that leads outside of it ({member.filename!r}).", "Do not trust it."
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            left[member.filename] = "a link is not followed"
        elif member.flag_bits & 0x1:
            left[member.filename] = "protected by a password"
        elif name.name.startswith(".") or "__MACOSX" in name.parts:
            left[member.filename] = "a hidden file"
    return left


def _is_bomb(member: zipfile.ZipInfo) -> bool:
    if member.file_size > MAX_MEMBER_BYTES:
        return True
    return member.file_size > 16 * _SMALL and member.file_size > MAX_RATIO * max(1, member.compress_size)


def _extract(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], scratch: Path, report: Report
) -> list[tuple[Path, str]]:
    scratch.mkdir(parents=True, exist_ok=True)
    found: list[tuple[Path, str]] = []
    for index, member in enumerate(members):
        report(index, len(members), member.filename)
        # Our own names: a member's name may be longer, or odder, than the disk allows.
        suffix = PurePosixPath(member.filename).suffix[:10]
        target = scratch / f"{index:05d}{suffix if suffix[1:].isalnum() else ''}"
        _copy(archive, member, target)
        found.append((target, member.filename))
    return found


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Copy at most the declared size: the header of a hostile archive may lie about it."""
    written = 0
    try:
        with archive.open(member) as source, target.open("wb") as sink:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > member.file_size or written > MAX_MEMBER_BYTES:
                    raise zipfile.BadZipFile(f"{member.filename} is larger than it says")
                sink.write(chunk)
    except (zlib.error, lzma.LZMAError, struct.error) as error:
        raise zipfile.BadZipFile(str(error)) from error
