"""A gene pack from a release folder: `definition/alleles/*_translation.json`, `phenotype/*.json`, `guidelines_*/`.

That is the form in which CPIC's content (CC0) is published for PharmCAT. What the folder lacks (a phenotype table that is
too large to be in it, MT-RNR1's sites) is filled from the tables that pypgx carries, and said in `about`.
"""

import html
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.knowledge.genes import FORMAT, Advice, Allele, Gene, Site, Tables, expand, pair_key, save
from core.paths import packs
from core.progress import Report, silent

LOWEST = ("DPYD", "RYR1", "MT-RNR1")
TOXIC = ("CACNA1S", "DPYD", "G6PD", "NUDT15", "RYR1", "TPMT")
"""Genes whose variants predict toxicity: an undescribed base is read as reference, as PharmCAT documents, and said so."""
SOURCE = "CPIC allele definitions and phenotypes, ClinPGx release"


def build(folder: Path, report: Report = silent, *, base: Tables | None = None) -> tuple[Tables, dict[str, object]]:
    """Tables of a release folder, and what was filled from `base` (pypgx's tables). Raises `UserError`."""
    files = sorted(folder.glob("definition/alleles/*_translation.json"))
    if not files:
        raise UserError(
            f"{folder} is not a gene release: it has no definition/alleles/*_translation.json.",
            "Choose the folder that holds definition/ and phenotype/.",
        )
    filled: list[str] = []
    known = {g.symbol: g for g in base.genes} if base else {}
    exemptions = _json(folder / "definition" / "alleles" / "exemptions.json") or {}
    genes = []
    for number, file in enumerate(files):
        report(number, len(files), file.name)
        genes.append(_gene(folder, _need(file), exemptions, known, filled))
    symbols = {g.symbol for g in genes}
    genes += [g for symbol, g in known.items() if symbol not in symbols]
    filled += [f"{symbol}: everything" for symbol in known if symbol not in symbols]
    genes += [_table_only(folder, s) for s in ("CYP2D6",) if s not in {g.symbol for g in genes}]
    advice = _advice(folder, {(a.drug, g): a.level for a in (base.advice if base else ()) for g in a.keys})
    if not advice and base:
        advice = base.advice
        filled.append("recommendations")
    version = max((str(_need(f).get("version", "")) for f in files), default="")
    tables = Tables(FORMAT, version, SOURCE, tuple(genes), advice, base.lifted if base else {})
    about = {
        "pack": "genes", "version": version, "source": SOURCE, "licence": "CC0-1.0 (CPIC); DPWG annotations CC BY-SA 4.0",
        "genes": len(genes), "recommendations": len(advice), "filled_from_pypgx": filled,
    }  # fmt: skip
    return tables, about


def build_pack(folder: Path | None, report: Report = silent) -> dict[str, object]:
    """Build and save the pack of a release folder, or without one the default. Returns what was built."""
    from core.knowledge import genes_default
    from core.knowledge.genes_pypgx import tables

    if folder is None:
        made = genes_default.tables()
        name = f"genes-{made.version}-f{FORMAT}"
        about: dict[str, object] = {
            "pack": "genes", "version": made.version, "source": made.source, "licence": "MIT; CPIC content CC0-1.0",
            "genes": len(made.genes), "recommendations": len(made.advice),
        }  # fmt: skip
    else:
        made, about = build(folder, report, base=tables())
        name = f"genes-{made.version}-f{FORMAT}"
    target = packs() / name
    save(made, target, about)
    return {**about, "pack": str(target)}


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


def _need(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path.name} cannot be read ({error}).", "Download the release again.") from error
    if not isinstance(found, dict) or "namedAlleles" not in found:
        raise UserError(f"{path.name} is not an allele definition.", "Download the release again.")
    return found


def _gene(folder: Path, raw: dict[str, Any], exemptions: Any, known: dict[str, Gene], filled: list[str]) -> Gene:
    symbol = raw["gene"]
    exempt = exemptions.get(symbol, {})
    ignored = {(p["position"], p["ref"]) for p in exempt.get("ignoredPositions", ())}
    kept = [i for i, v in enumerate(raw["variants"]) if (v["position"], v["ref"]) not in ignored]
    place = {old: new for new, old in enumerate(kept)}
    sites = [_site(raw["variants"][i]) for i in kept] + [_site(v, extra=True) for v in exempt.get("extraPositions", ())]
    skipped = set(exempt.get("ignoredAlleles", ()))
    rows = [n for n in raw["namedAlleles"] if n["name"] not in skipped and not n.get("structuralVariant")]
    rows.sort(key=lambda n: not n["reference"])
    phenotype = _phenotype(folder, symbol)
    functions = _functions(phenotype)
    if not phenotype and symbol in known:
        filled.append(f"{symbol}: functions and phenotypes")
    core = raw.get("suballelesMap") or {}
    alleles = tuple(
        _allele({**row, "name": core.get(row["name"], row["name"])}, place, functions, known.get(symbol), sites)
        for row in rows
    )
    named = {
        a.name for a in alleles
    }  # copies and structural alleles have a function but no sites: outside calls name them
    alleles += tuple(Allele(n, {}, f, v) for n, (f, v) in functions.items() if n not in named)
    return Gene(
        symbol, raw["chromosome"].removeprefix("chr"), tuple(sites), alleles,
        kind="lowest" if symbol in LOWEST else "outside" if symbol == "CYP2D6" else "star",
        required=tuple(exempt.get("requiredPositions", ())),
        picks=tuple((tuple(p["list"]), p["pick"]) for p in exempt.get("unphasedDiplotypePriorities", ())),
        unknown_is_reference=symbol in TOXIC,
        **_pairs(phenotype, functions, known.get(symbol)),
    )  # fmt: skip


def _site(raw: dict[str, Any], *, extra: bool = False) -> Site:
    names = {k: v for k, v in (raw.get("cpicToVcfAlleleMap") or {}).items() if k != v}
    return Site(
        raw["position"], raw["ref"], tuple(raw["alts"]), raw.get("rsid") or "", raw.get("chromosomeHgvsName") or "",
        names, extra,
    )  # fmt: skip


def _allele(
    row: dict[str, Any],
    place: dict[int, int],
    functions: dict[str, tuple[str, str]],
    known: Gene | None,
    sites: list[Site],
) -> Allele:
    bases = {place[i]: expand(b) for i, b in enumerate(row["alleles"]) if b is not None and i in place}
    other = (known.allele(row["name"]) or _same(known, bases, sites)) if known else None
    function, activity = functions.get(row["name"], (other.function, other.activity) if other else ("", ""))
    return Allele(row["name"], bases, function, activity)


def _same(known: Gene, bases: dict[int, tuple[str, ...]], sites: list[Site]) -> Allele | None:
    """The same changes under another name: names are revised oftener than functions."""
    wanted = {(sites[i].position, b) for i, bs in bases.items() for b in bs}
    return next(
        (
            a
            for a in known.alleles[1:]
            if {(known.sites[i].position, b) for i, bs in a.bases.items() for b in bs} == wanted
        ),
        None,
    )


def _phenotype(folder: Path, symbol: str) -> dict[str, Any]:
    """The phenotype table: the release's own, else the one beside its older guidelines, never a newer one."""
    name = f"{symbol.replace('-', '_')}.json"
    for place in (folder / "phenotype", *sorted(folder.glob("guidelines*/phenotype_cpic"), reverse=True)):
        found = _json(place / name)
        if isinstance(found, dict):
            return found
    return {}


def _functions(phenotype: dict[str, Any]) -> dict[str, tuple[str, str]]:
    named = {
        n["name"]: (n.get("functionValue") or "", str(n.get("activityValue") or ""))
        for n in phenotype.get("namedAlleles", ())
    }
    activity = phenotype.get("activityValues") or {}
    for name, value in (phenotype.get("haplotypes") or {}).items():
        named.setdefault(name, (value or "", str(activity.get(name) or "")))
    return {n: (f, a if a.lower() != "n/a" else "") for n, (f, a) in named.items()}


def _pairs(phenotype: dict[str, Any], functions: dict[str, tuple[str, str]], known: Gene | None) -> dict[str, Any]:
    """The diplotype table, folded: most pairs follow from the two alleles' functions; the rest are kept by name."""
    keys = {n["name"]: n.get("lookupKey") or functions[n["name"]][0] for n in phenotype.get("namedAlleles", ())}
    keys |= {n: v or "" for n, v in (phenotype.get("haplotypes") or {}).items() if n not in keys}
    pairs: dict[str, tuple[str, str]] = {}
    exact: dict[str, tuple[str, str]] = {}
    for row in phenotype.get("diplotypes", ()):
        names = [n for n, count in row["diplotypekey"].items() for _ in range(count)]
        said = (row.get("phenotype") or row.get("generesult") or "", _score(row.get("activityScore")))
        key = pair_key(keys.get(n, n) for n in names)
        if pairs.setdefault(key, said) != said:
            exact["/".join(sorted(names))] = said
    if not pairs and known:
        return {"pairs": known.pairs, "exact": known.exact, "scores": known.scores}
    return {"pairs": pairs, "exact": exact}


def _score(value: Any) -> str:
    return "" if value in (None, "n/a", "N/A") else str(value)


def _table_only(folder: Path, symbol: str) -> Gene:
    """A gene that only outside calls name: its functions and phenotypes, no sites."""
    phenotype = _phenotype(folder, symbol)
    functions = _functions(phenotype)
    alleles = tuple(Allele(n, {}, f, a) for n, (f, a) in functions.items()) or (Allele("*1", {}),)
    return Gene(symbol, "22", (), alleles, kind="outside", **_pairs(phenotype, functions, None))


def _advice(folder: Path, levels: dict[tuple[str, str], str]) -> tuple[Advice, ...]:
    found: list[Advice] = []
    for file in sorted(folder.glob("guidelines*/guidelines/*.json")):
        raw = _json(file)
        guideline = raw["guideline"]
        for entry in raw.get("recommendations", ()):
            found += _entry(guideline, entry, levels)
    return tuple(found)


def _entry(guideline: dict[str, Any], entry: dict[str, Any], levels: dict[tuple[str, str], str]) -> Iterable[Advice]:
    keys = {gene: _key(value) for gene, value in (entry.get("lookupKey") or {}).items()}
    if not keys:
        return
    chemicals = entry.get("relatedChemicals") or guideline["relatedChemicals"]
    text = _plain((entry.get("text") or {}).get("html", ""))
    for chemical in chemicals:
        drug = chemical["name"].lower()
        yield Advice(
            drug, keys, text, (entry.get("classification") or {}).get("term", ""), entry.get("population") or "",
            tuple(entry.get("implications") or ()), guideline.get("url", ""), guideline.get("source", "CPIC"),
            next((levels[drug, gene] for gene in keys if (drug, gene) in levels), ""),
        )  # fmt: skip


def _key(value: Any) -> str:
    if isinstance(value, dict):
        return "/".join(sorted(n for n, count in value.items() for _ in range(int(count))))
    return str(value)


def _plain(text: str) -> str:
    text = re.sub(r"<h\d[^>]*>.*?</h\d>", "\n", text, flags=re.S)
    text = re.sub(r"</(p|li|ul)>", "\n", text)
    return re.sub(r"\s*\n\s*", "\n", html.unescape(re.sub(r"<[^>]+>", "", text))).strip()
