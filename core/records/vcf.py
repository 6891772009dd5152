"""VCF 4.x (plain or gzip) -> variants with genotypes. The assembly is kept; whoever needs GRCh38 refuses GRCh37."""

import re

from core.domain.record import Identifier, Patient, Variant
from core.errors import Unreadable
from core.knowledge.genes import GenePack, load, newest
from core.knowledge.genes_assembly import wants
from core.records.draft import Draft, Reading, content_key
from core.records.encoding import decode
from core.records.limits import MAX_FACTS, MAX_SAMPLES, MAX_TEXT_BYTES, check_size

_LENGTHS = {
    "GRCh38": "248956422 242193529 198295559 190214555 181538259 170805979 159345973 145138636 138394717 133797422 135086622"
    " 133275309 114364328 107043718 101991189 90338345 83257441 80373285 58617616 64444167 46709983 50818468 156040895",
    "GRCh37": "249250621 243199373 198022430 191154276 180915260 171115067 159138663 146364022 141213431 135534747 135006516"
    " 133851895 115169878 107349540 102531392 90354753 81195210 78077248 59128983 63025520 48129895 51304566 155270560",
}
_CONTIG_LENGTH = {length: build for build, lengths in _LENGTHS.items() for length in lengths.split()}
"""Length of chromosomes 1-22 and X in the two assemblies (NCBI GRCh38.p14 and GRCh37.p13)."""
_ALLELES = re.compile(r"[ACGTNacgtn*.,]+$|.*<[\w:]+>.*$|.*[\[\]].*$")


def read(data: bytes, file: str) -> Reading:
    """One record a sample (one without genotypes for a file without samples). Raises `Unreadable`."""
    check_size(file, len(data), MAX_TEXT_BYTES)
    decoded = decode(data)
    lines = decoded[0].splitlines() if decoded else []
    header = next((i for i, line in enumerate(lines) if line.startswith("#CHROM")), None)
    if header is None:
        raise Unreadable(f"{file} is VCF without a #CHROM line.", "Export it again.")
    samples = lines[header].split("\t")[9:] or [""]
    if len(samples) > MAX_SAMPLES:
        raise Unreadable(f"{file} holds {len(samples)} samples.", "Export the patient's own sample.")
    build = assembly(lines[:header])
    drafts = [Draft(file, "vcf", f"{content_key(data)}/{index}") for index in range(len(samples))]
    for draft, sample in zip(drafts, samples, strict=False):
        numbers = (Identifier("vcf", sample),) if sample else ()
        draft.patient = Patient(
            identifiers=numbers, synthetic="SYNTHETIC" in decoded[0][:20000].upper() if decoded else False
        )
    bad = _read_lines(lines, header, drafts, build)
    left = [f"lines that are not VCF ({bad})"] if bad else []
    if not build:
        left.append("the header does not name the genome assembly")
    most = MAX_FACTS // len(samples)
    if len(lines) - header - 1 > most:
        left.append(f"only the first {most} lines were read, and those of pharmacogenes")
    return Reading(tuple(d.record() for d in drafts), tuple(left))


def assembly(header: list[str]) -> str:
    """GRCh38 or GRCh37 as the header says (by name, or by the lengths of its chromosomes); "" when it does not."""
    words = "\n".join(header)
    named = set(re.findall(r"GRCh3[78]|hg19|hg38|b37\b", words, re.I))
    found = {"GRCh38" if n.lower() in ("grch38", "hg38") else "GRCh37" for n in named}
    if len(found) != 1:
        lengths = re.findall(r"##contig=<[^>\n]*length=(\d+)", words)
        found = {_CONTIG_LENGTH[n] for n in lengths if n in _CONTIG_LENGTH} or found
    return found.pop() if len(found) == 1 else ""


def _read_lines(lines: list[str], header: int, drafts: list[Draft], build: str) -> int:
    bad = 0
    for number, line in _chosen(lines, header, MAX_FACTS // len(drafts)):
        if not line.strip():
            continue
        fields = line.split("\t")
        if (
            len(fields) < 5
            or not (fields[1].isascii() and fields[1].isdigit())
            or len(fields[1]) > 10
            or not _ALLELES.match(fields[3] + fields[4])
        ):
            bad += 1
            continue
        for index, draft in enumerate(drafts):
            _variant(fields, index, draft, (number, build))
    return bad


def _chosen(lines: list[str], header: int, most: int) -> list[tuple[int, str]]:
    """The first `most` lines with their numbers, and beyond them those at which a pharmacogene is read."""
    listed = list(enumerate(lines[header + 1 :], start=header + 2))
    folder = newest() if len(listed) > most else None
    if folder is None:
        return listed[:most]
    pack = load(folder)
    return listed[:most] + [(n, line) for n, line in listed[most:] if _of_a_gene(pack, line)]


def _of_a_gene(pack: GenePack, line: str) -> bool:
    chromosome, _, rest = line.partition("\t")
    position = rest.partition("\t")[0]
    return position.isascii() and position.isdigit() and len(position) < 11 and wants(pack, chromosome, int(position))


def _variant(fields: list[str], index: int, draft: Draft, where: tuple[int, str]) -> None:
    chromosome, position, name, reference, alternate = fields[:5]
    number, build = where
    genotype = _genotype(fields, index)
    info = fields[7] if len(fields) > 7 else ""
    gene = re.search(r"(?:^|;)(?:GENE|PX|GENEINFO|SYMBOL)=([A-Za-z0-9-]+)", info)
    rsid = next((n for n in name.split(";") if re.fullmatch(r"rs\d+", n)), "")
    place = f"line {number}"
    draft.variants.append(
        Variant(
            draft.id("variant", place), gene[1] if gene else "", (draft.source(place, rsid or f"{chromosome}:{position}"),),
            zygosity=zygosity(genotype), genotype=genotype, assembly=build,
            chromosome=chromosome.removeprefix("chr"), position=int(position), reference=reference, alternate=alternate,
            rsid=rsid, phase_set=_phase_set(fields, index),
        )
    )  # fmt: skip


def _genotype(fields: list[str], index: int) -> str:
    keys = fields[8].split(":") if len(fields) > 8 else []
    values = fields[9 + index].split(":") if len(fields) > 9 + index else []
    found = dict(zip(keys, values, strict=False)).get("GT", "")
    return found if re.fullmatch(r"[\d.]+([/|][\d.]+)*", found) else ""


def _phase_set(fields: list[str], index: int) -> str:
    keys = fields[8].split(":") if len(fields) > 8 else []
    values = fields[9 + index].split(":") if len(fields) > 9 + index else []
    found = dict(zip(keys, values, strict=False)).get("PS", "")
    return "" if found == "." else found


def zygosity(genotype: str) -> str:
    """ "0/1" -> heterozygous; "" where any allele was not called: a missing call is never reference."""
    alleles = re.split(r"[/|]", genotype) if genotype else []
    if not alleles or "." in alleles:
        return ""
    if len(alleles) == 1:
        return "hemizygous" if alleles[0] != "0" else "reference"
    if len(set(alleles)) == 1:
        return "reference" if alleles[0] == "0" else "homozygous"
    return "heterozygous"
