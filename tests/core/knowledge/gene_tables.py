"""A small SYNTHETIC gene table: two star genes and one read variant by variant."""

from core.domain.record import Variant
from core.knowledge.genes import FORMAT, Advice, Allele, Gene, GenePack, Site, Tables, pack_of


def site(position: int, ref: str, *alts: str, rsid: str = "") -> Site:
    """A site."""
    return Site(position, ref, alts, rsid, f"g.{position}{ref}>{alts[0]}")


SITES = (site(100, "C", "T", rsid="rs1"), site(200, "G", "A", rsid="rs2"), site(300, "CAT", "C", "CATAT", rsid="rs3"))
PAIRS = {
    "Normal function|Normal function": ("Normal Metabolizer", ""),
    "No function|Normal function": ("Intermediate Metabolizer", ""),
    "No function|No function": ("Poor Metabolizer", ""),
}
STAR = Gene(
    "CYPX", "1", SITES,
    (
        Allele("*1", {0: ("C",), 1: ("G",), 2: ("CAT",)}, "Normal function"),
        Allele("*2", {0: ("T",), 1: ("A",)}, "No function"),
        Allele("*3", {1: ("A",)}, "No function"),
        Allele("*5", {0: ("T",)}, "Normal function"),
        Allele("*28", {2: ("CATAT",)}, "No function"),
    ),
    pairs=PAIRS,
)  # fmt: skip
LOWEST = Gene(
    "DPYD", "2",
    (site(10, "A", "G"), site(20, "C", "T"), site(30, "G", "C", rsid="rs75017182"), site(40, "C", "T", rsid="rs56038477")),
    (
        Allele("Reference", {i: (b,) for i, b in enumerate("ACGC")}, "Normal function", "1.0"),
        Allele("c.10A>G", {0: ("G",)}, "Normal function", "1.0"),
        Allele("c.20C>T", {1: ("T",)}, "No function", "0.0"),
        Allele("c.1129-5923C>G", {2: ("C",)}, "Decreased function", "0.5"),
        Allele("c.1129-5923C>G, c.1236G>A (HapB3)", {2: ("C",), 3: ("T",)}, "Decreased function", "0.5"),
    ),
    kind="lowest", unknown_is_reference=True,
    scores=((0, 1, "Poor Metabolizer"), (1, 2, "Intermediate Metabolizer"), (2, 2.001, "Normal Metabolizer")),
)  # fmt: skip
SEX_LINKED = Gene(
    "G6PD", "X", (site(50, "C", "T"),),
    (Allele("B (reference)", {0: ("C",)}, "IV/Normal"), Allele("Chatham", {0: ("T",)}, "III/Deficient")),
    unknown_is_reference=True,
)  # fmt: skip
ADVICE = (
    Advice("examplol", {"CYPX": "Poor Metabolizer"}, "Avoid.", "Strong", level="A"),
    Advice("examplol", {"CYPX": "Poor Metabolizer", "CYPY": "No Result"}, "Avoid without CYPY.", "Optional"),
    Advice("examplol", {"CYPX": "Normal Metabolizer"}, "Usual dose.", "Strong", level="A"),
)


def pack() -> GenePack:
    """The pack."""
    return pack_of(Tables(FORMAT, "synthetic", "SYNTHETIC", (STAR, LOWEST, SEX_LINKED), ADVICE, {"1:90": 100}))


def row(chromosome: str, position: int, ref: str, alt: str, genotype: str, phase_set: str = "") -> Variant:
    """A variant as a reader gives it."""
    return Variant(
        f"v{chromosome}-{position}", "", (), genotype=genotype, assembly="GRCh38", chromosome=chromosome,
        position=position, reference=ref, alternate=alt, phase_set=phase_set,
    )  # fmt: skip


def star_rows(first: str, second: str, third: str = "0/0") -> list[Variant]:
    """CYPX at its three sites."""
    return [row("1", 100, "C", "T", first), row("1", 200, "G", "A", second), row("1", 300, "CAT", "C,CATAT", third)]
