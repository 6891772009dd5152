"""The gene tables that the Python package pypgx carries (MIT), read as data: the package itself is never imported."""

import csv
import importlib.metadata
import json
from collections.abc import Iterable
from pathlib import Path

import msgspec

from core.errors import UserError
from core.knowledge.genes import FORMAT, Advice, Allele, Gene, Site, Tables, natural, pair_key
from core.knowledge.genes_build import LOWEST, TOXIC
from core.paths import RESOURCES

GENES = (
    "ABCG2", "CACNA1S", "CFTR", "CYP2B6", "CYP2C19", "CYP2C9", "CYP2D6", "CYP3A4", "CYP3A5", "CYP4F2", "DPYD", "G6PD",
    "IFNL3", "MT-RNR1", "NAT2", "NUDT15", "RYR1", "SLCO1B1", "TPMT", "UGT1A1", "VKORC1",
)  # fmt: skip
SOURCE = "pypgx tables (MIT), after CPIC and PharmVar"
_NAMES = {"Reference": "{rsid} reference ({ref})", "variant": "{rsid} variant ({alt})"}
_SINGLE = {"ABCG2": "rs2231142", "IFNL3": "rs12979860", "VKORC1": "rs9923231"}
_PHENOTYPE_OF = {"G6PD": lambda p: p.removeprefix("G6PD "), "MT-RNR1": str.lower}
_CFTR = {
    "Favorable Response": "ivacaftor responsive in CF patients",
    "Unfavorable Response": "ivacaftor non-responsive in CF patients",
}

_WITHOUT_TAGS = {"UGT1A1"}
"""*28 and *80+*28 are alleles of their own (PharmVar): the tag SNP is no part of *28."""
_ON_BACKGROUND = {"CYP2C19"}
"""PharmVar: every CYP2C19 allele but *38 carries c.991A>G, the reference allele's own base."""
_WOBBLE = {("CYP2C19", "*4"): (94761900,)}
"""PharmVar: *4 is defined with and without c.-806C>T."""
_CPIC_NAMES = {
    ("UGT1A1", 233760233): ("rs3064744", {"TA(6)": "C", "TA(7)": "CAT", "TA(8)": "CATAT", "TA(9)": "CATATAT"}),
    ("NUDT15", 48037782): ("rs746071566", {"GAGTCG(3)": "AGGAGTC", "GAGTCG(4)": "AGGAGTCGGAGTC", "GAGTCG(2)": "A"}),
    ("CYP2C9", 94942210): ("rs1304490498", {"AGAAATGGAA": "GAAAGAAATGG", "delAGAAATGGAA": "G"}),
}
"""CPIC's names for repeats and deletions, with their bases at that position in VCF (CPIC allele definitions, CC0)."""
_EXTRA = {"CYP2C9": ((94645745, "G", "A", "rs12777823"),)}
"""Named beside the alleles by CPIC's warfarin guideline (PMID 28198005) for people of African ancestry."""

Row = dict[str, str]


def data_folder() -> Path:
    """Where the installed package keeps its tables. Raises `UserError` where it is not installed."""
    try:
        files = importlib.metadata.files("pypgx") or []
    except importlib.metadata.PackageNotFoundError as error:
        raise UserError("The package pypgx is not installed.", "Run: pip install --no-deps pypgx") from error
    table = next(f for f in files if f.name == "allele-table.csv")
    return Path(str(table.locate())).parent


def tables(folder: Path | None = None) -> Tables:
    """The tables of GRCh38."""
    folder = folder or data_folder()
    version = _version(folder)
    variants = [r for r in _rows(folder / "variant-table.csv") if r["Gene"] in GENES]
    lifted = {
        f"{r['Chromosome']}:{r['GRCh37Position']}": int(r["GRCh38Position"])
        for r in variants
        if r["GRCh37Position"].isdigit() and r["GRCh38Position"].isdigit()
    }
    alleles, pairs = _rows(folder / "allele-table.csv"), _rows(folder / "diplotype-table.csv")
    about = {r["Gene"]: r for r in _rows(folder / "gene-table.csv")}
    equations = _rows(folder / "equation-table.csv")
    genes = tuple(
        _gene(symbol, about[symbol], [a for a in alleles if a["Gene"] == symbol], variants, pairs, equations)
        for symbol in GENES
    )
    return Tables(FORMAT, version, SOURCE, genes, _advice(folder), lifted)


def _version(folder: Path) -> str:
    found = next(iter(sorted(folder.parents[2].glob("pypgx-*.dist-info"))), None)
    return found.name.removeprefix("pypgx-").removesuffix(".dist-info") if found else "unknown"


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _parts(text: str) -> list[tuple[int, str, str]]:
    if text in {"", "N/A"}:
        return []
    found = []
    for item in text.split(","):
        _, position, reference, alternate = item.split("-")
        found.append((int(position), reference, alternate))
    return found


def _gene(
    symbol: str, about: Row, rows: list[Row], variants: list[Row], pairs: list[Row], equations: list[Row]
) -> Gene:
    default = about["GRCh38Default"]
    rows = [r for r in rows if r["StarAllele"] != "MALE"]  # structural alleles stay: outside calls name them
    if symbol in _SINGLE:
        rows = [r for r in rows if r["StarAllele"] in {"Reference", _SINGLE[symbol]}]
    rows.sort(key=lambda r: (r["StarAllele"] != default, natural(r["StarAllele"])))
    rsids = {
        (int(v["GRCh38Position"]), v["Variant"]): v["rsID"]
        for v in variants
        if v["Gene"] == symbol and v["GRCh38Position"].isdigit()
    }
    sites, chromosome = _sites(symbol, rows, rsids)
    place = {site.position: i for i, site in enumerate(sites)}
    background = _background(rows, about["RefAllele"], place)
    named = [_allele(symbol, row, sites, place, background) for row in rows]
    if symbol == "MT-RNR1":
        risk = {p["Diplotype"].split("/")[0]: p["Phenotype"].lower() for p in pairs if p["Gene"] == symbol}
        named = [msgspec.structs.replace(a, function=risk.get(a.name, a.function)) for a in named]
    names = {row["StarAllele"]: allele.name for row, allele in zip(rows, named, strict=True)}
    return Gene(
        symbol, chromosome or about["GRCh38Region"].split(":")[0], sites, tuple(named),
        kind="lowest" if symbol in LOWEST else ("outside" if symbol == "CYP2D6" else "star"),
        unknown_is_reference=symbol in TOXIC,
        pairs=_folded(symbol, named, [p for p in pairs if p["Gene"] == symbol], names),
        exact=_exact(symbol, [p for p in pairs if p["Gene"] == symbol], names),
        scores=_scores([e for e in equations if e["Gene"] == symbol]),
    )  # fmt: skip


def _sites(symbol: str, rows: list[Row], rsids: dict[tuple[int, str], str]) -> tuple[tuple[Site, ...], str]:
    """One site a position. Records of several REF lengths at one position are brought to the longest."""
    found: dict[int, list[tuple[str, str]]] = {}
    chromosome = ""
    for row in rows:
        for position, reference, alternate in _parts(row["GRCh38Core"]) + _parts(row["GRCh38Tag"]):
            found.setdefault(position, []).append((reference, alternate))
            chromosome = (row["GRCh38Core"] if row["GRCh38Core"] != "N/A" else row["GRCh38Tag"]).split("-")[0]
    sites = []
    for position, changes in sorted(found.items()):
        longest = max((r for r, _ in changes), key=len)
        alts = tuple(dict.fromkeys(a + longest[len(r) :] for r, a in changes))
        rsid = next((rsids[position, a] for _, a in changes if (position, a) in rsids), "")
        name, bases = _CPIC_NAMES.get((symbol, position), (rsid, {}))
        if longest not in bases.values():
            bases = {}
        sites.append(
            Site(
                position,
                longest,
                alts,
                name if name.startswith("rs") else "",
                f"g.{position}{longest}>{alts[0]}",
                bases,
            )
        )
    sites += [Site(p, r, (a,), rsid, f"g.{p}{r}>{a}", extra=True) for p, r, a, rsid in _EXTRA.get(symbol, ())]
    return tuple(sites), chromosome


def _background(rows: list[Row], reference: str, place: dict[int, int]) -> tuple[int, ...]:
    """Sites of the nomenclature's reference allele, which is not always the genome's own (CYP2C19 *1 and *38)."""
    row = next((r for r in rows if r["StarAllele"] == reference), None)
    return tuple(place[p] for p, _, _ in _parts(row["GRCh38Core"])) if row else ()


def _allele(
    symbol: str, row: Row, sites: tuple[Site, ...], place: dict[int, int], background: tuple[int, ...]
) -> Allele:
    bases: dict[int, tuple[str, ...]] = {}
    for position, reference, alternate in _parts(row["GRCh38Core"]):
        site = sites[place[position]]
        bases[place[position]] = (alternate + site.ref[len(reference) :],)
    free = {place[p] for p, _, _ in _parts(row["GRCh38Tag"])} if symbol not in _WITHOUT_TAGS else set()
    if bases and set(bases) == set(background):
        bases |= {i: (site.ref,) for i, site in enumerate(sites) if i not in bases}
    elif bases and symbol in _ON_BACKGROUND:
        bases |= {i: sites[i].alts for i in background}
    elif bases:
        free |= set(background)
    for position in _WOBBLE.get((symbol, row["StarAllele"]), ()):
        bases[place[position]] = (sites[place[position]].ref, *sites[place[position]].alts)
    activity = row["ActivityScore"] if row["ActivityScore"] not in {"N/A", "Unknown"} else ""
    name = row["StarAllele"]
    if symbol in _SINGLE:
        site = sites[0]
        name = _NAMES["Reference" if name == "Reference" else "variant"].format(
            rsid=_SINGLE[symbol], ref=site.ref, alt=site.alts[0]
        )
    if symbol == "CFTR" and name == "Reference":
        name = "ivacaftor non-responsive CFTR sequence"
    if symbol == "DPYD" and "HapB3" in name:
        name = "c.1129-5923C>G, c.1236G>A (HapB3)"
    return Allele(name, bases, _function(symbol, row["Function"]), activity, tuple(sorted(free - bases.keys())))


def _function(symbol: str, text: str) -> str:
    if symbol == "G6PD" and "(" in text:
        return text.removeprefix("Class ").replace(" (", "/").rstrip(")")
    return text[:1] + text[1:].lower() if text != "N/A" else ""


def _said(symbol: str, phenotype: str) -> tuple[str, str]:
    if symbol == "CFTR":
        return _CFTR.get(phenotype, phenotype), ""
    return _PHENOTYPE_OF.get(symbol, str)(phenotype), ""


def _keys(symbol: str, text: str, names: dict[str, str]) -> list[str]:
    return [names.get(part, part) for part in text.split("/")]


def _folded(
    symbol: str, alleles: Iterable[Allele], pairs: list[Row], names: dict[str, str]
) -> dict[str, tuple[str, str]]:
    function = {a.name: a.function for a in alleles}
    folded: dict[str, tuple[str, str]] = {}
    clashing = set()
    for row in pairs:
        key = pair_key(function.get(n, n) for n in _keys(symbol, row["Diplotype"], names))
        said = _said(symbol, row["Phenotype"])
        if folded.setdefault(key, said) != said:
            clashing.add(key)
    if symbol == "VKORC1":
        folded = {}
    return {key: said for key, said in folded.items() if key not in clashing}


def _exact(symbol: str, pairs: list[Row], names: dict[str, str]) -> dict[str, tuple[str, str]]:
    if symbol == "VKORC1" or not pairs:
        reference, variant = (names.get(n, "") for n in ("Reference", "rs9923231"))
        three = {(reference, reference): "GG", (reference, variant): "AG", (variant, variant): "AA"}
        return {"/".join(sorted(k)): (f"-1639 {v}", "") for k, v in three.items()} if symbol == "VKORC1" else {}
    few = pairs if len(pairs) <= 1100 else []
    return {"/".join(sorted(_keys(symbol, r["Diplotype"], names))): _said(symbol, r["Phenotype"]) for r in few}


def _scores(equations: list[Row]) -> tuple[tuple[float, float, str], ...]:
    """ "1 <= score < 2" -> (1, 2, phenotype)."""
    found = []
    for row in equations:
        parts = row["Equation"].replace("==", "=").split()
        if parts[1:2] == ["="]:
            low, high = float(parts[0]), float(parts[0]) + 1e-9
        else:
            low, high = float(parts[0]), float(parts[4]) if len(parts) > 4 else 99.0
        found.append((low, high, row["Phenotype"]))
    return tuple(found)


def _strengths() -> dict[str, dict[str, str]]:
    found = json.loads((RESOURCES / "knowledge" / "genes" / "strength.json").read_text("utf-8"))
    return {drug: dict(rows) for drug, rows in found["strength"].items()}


def _advice(folder: Path) -> tuple[Advice, ...]:
    strengths = _strengths()
    about = {(r["Drug"], r["Gene"]): r for r in _rows(folder / "cpic-table.csv")}
    found = []
    for row in _rows(folder / "recommendation-table.csv"):
        keys = {row[f"Gene{n}"]: row[f"Phenotype{n}"] for n in (1, 2) if row[f"Gene{n}"] not in {"", "None"}}
        if row["Recommendation"] in {"", "None"} or "None" in keys.values():
            continue
        known = next((about[row["Drug"], g] for g in keys if (row["Drug"], g) in about), None)
        if known is None or not known["Guideline"].startswith("https://"):
            continue  # no guideline, no advice (factor V Leiden)
        keys = {g: _said(g, p)[0] for g, p in keys.items()}
        graded = strengths.get(row["Drug"], {}).get("; ".join(f"{g} {k}" for g, k in sorted(keys.items())), "")
        found.append(
            Advice(
                row["Drug"].lower(), keys, row["Recommendation"], graded, url=known["Guideline"], level=known["CPICLevel"],
            )
        )  # fmt: skip
    return tuple(found)
