"""A whole VCF, read strictly and in one pass for the positions that somebody asks for: nothing may be guessed.

VCF 4.x (samtools/hts-specs); BGZF as in SAMv1 section 4.1 (its last block is an empty one: without it the file is cut).
"""

import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.domain.basics import Source
from core.domain.record import Variant
from core.errors import Unreadable, UserError
from core.progress import Report, silent
from core.records.vcf import assembly, zygosity

_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_FIXED = 9
_WHOLE = re.compile(r"\t[\d.]+[/|][\d.]+(:[^\t]*)?$|^(chr)?(X|Y|M|MT)\t.*\t[\d.]+(:[^\t]*)?$")
"""A last record whose genotype is whole: two copies, or one where there can be one."""
_EVERY = 200_000


@dataclass(frozen=True, slots=True)
class VcfCalls:
    """The records at wanted positions, the assembly that the header names ("" where it names none) and the sample."""

    variants: tuple[Variant, ...]
    assembly: str
    sample: str
    lines: int


@dataclass(frozen=True, slots=True)
class _Shape:
    """What every line must look like: columns, the sample's column, and the file's name and assembly."""

    file: str
    width: int
    column: int
    assembly: str


def read_calls(
    path: Path, wanted: Callable[[str, int], bool], report: Report = silent, *, sample: str = ""
) -> VcfCalls:
    """Read one sample. Raises `UserError` for what is cut, packed wrongly, of several samples, or without genotypes."""
    try:
        lines = _lines(path)
        header, columns = _header(path, lines)
        column = _sample(path, columns, sample)
        found: list[Variant] = []
        build = assembly(header)
        number, line = 0, ""
        for number, line in enumerate(lines, start=1):
            if number % _EVERY == 0:
                report(number, 0, path.name)
            if line:
                _record(line, _Shape(path.name, len(columns), column, build), number + len(header) + 1, wanted, found)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Unreadable(
            f"{path.name} is cut short or packed wrongly ({error}).", "Copy or export it again."
        ) from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path.name} is not text.", "Give a VCF file.") from error
    if number == 0:
        raise Unreadable(f"{path.name} has a header but no records.", "Export it again.")
    if _unended(path) and not _WHOLE.search(line):
        raise Unreadable(f"{path.name} is cut short inside its last record.", "Copy or export it again.")
    return VcfCalls(tuple(found), build, columns[column], number)


def _unended(path: Path) -> bool:
    """A plain file whose last line has no end (a packed one that is cut fails to unpack)."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(-1, io.SEEK_END)
        return not packed and file.read(1) != b"\n"


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as file:
            start = file.read(18)
            size = file.seek(0, io.SEEK_END)
            file.seek(max(0, size - len(_BGZF_END)))
            end = file.read()
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read ({error.strerror}).", "Check the path.") from error
    if not start:
        raise Unreadable(f"{path.name} is empty.", "Export it again.")
    if start[:2] == b"PK":
        raise Unreadable(f"{path.name} is a ZIP archive, not a VCF.", "Unpack it first.")
    packed = start[:2] == b"\x1f\x8b"
    if path.suffix in {".gz", ".bgz"} and not packed:
        raise Unreadable(f"{path.name} is named as compressed and is not.", "Rename it to .vcf, or export it again.")
    if packed and start[12:14] == b"BC" and end != _BGZF_END:
        raise Unreadable(f"{path.name} is cut short: its last block is missing.", "Copy it again.")
    return _text(path, packed=packed)


def _text(path: Path, *, packed: bool) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") if packed else path.open(encoding="utf-8") as file:
        for line in file:
            yield line.rstrip("\r\n")


def _header(path: Path, lines: Iterator[str]) -> tuple[list[str], list[str]]:
    header: list[str] = []
    for line in lines:
        if line.startswith("#CHROM"):
            if not header or not header[0].startswith("##fileformat=VCF"):
                raise Unreadable(f"{path.name} does not begin with ##fileformat=VCF.", "Export it as VCF 4.x.")
            return header, line.split("\t")
        if not line.startswith("##"):
            break
        header.append(line)
    raise Unreadable(f"{path.name} is not a VCF: it has no #CHROM line.", "Export it again as VCF 4.x.")


def _sample(path: Path, columns: list[str], sample: str) -> int:
    samples = columns[_FIXED:]
    if not samples:
        raise UserError(f"{path.name} holds no genotypes.", "Export it with the patient's sample.")
    if sample:
        if sample not in samples:
            raise UserError(f"{path.name} has no sample {sample!r}.", f"It has: {', '.join(samples[:10])}.")
        return _FIXED + samples.index(sample)
    if len(samples) > 1:
        raise UserError(f"{path.name} holds {len(samples)} samples.", "Name the patient's own with --sample.")
    return _FIXED


def _record(line: str, shape: _Shape, number: int, wanted: Callable[[str, int], bool], found: list[Variant]) -> None:
    chromosome, _, rest = line.partition("\t")
    place = rest.partition("\t")[0]
    if not (place.isascii() and place.isdigit()):
        raise Unreadable(f"{shape.file}, line {number} is not a VCF record.", "Export the file again.")
    chromosome = chromosome.removeprefix("chr")
    chromosome = "M" if chromosome == "MT" else chromosome
    if line.count("\t") + 1 != shape.width:
        raise Unreadable(
            f"{shape.file} is cut short or damaged: line {number} has {line.count(chr(9)) + 1} columns, not {shape.width}.",
            "Copy or export it again.",
        )
    if not wanted(chromosome, int(place)):
        return
    fields = line.split("\t")
    if any(mark in fields[4] for mark in ("<NON_REF>", "<*>")):
        raise UserError(f"{shape.file} is a gVCF.", "Genotype it first (its blocks are not calls), then give the VCF.")
    values = dict(zip(fields[8].split(":"), fields[shape.column].split(":"), strict=False))
    genotype, phase_set = values.get("GT", ""), values.get("PS", "")
    found.append(
        Variant(
            f"vcf-{number}",
            "",
            (Source(shape.file, "vcf", f"line {number}"),),
            zygosity=zygosity(genotype),
            genotype=genotype,
            assembly=shape.assembly,
            chromosome=chromosome,
            position=int(place),
            reference=fields[3].upper(),
            alternate=fields[4].upper(),
            rsid=fields[2] if fields[2].startswith("rs") else "",
            phase_set="" if phase_set == "." else phase_set,
        )
    )
