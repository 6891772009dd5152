"""Two alleles -> gene result: by the table of functions, by activity score, or by what the alleles are (HLA)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.knowledge.genes import Allele, Gene, pair_key

INDETERMINATE = "Indeterminate"
CALM = ("normal", "uncertain susceptibility", "favorable", "-1639 gg", "ivacaftor non-responsive")
"""How results begin that call for no change: they hold only where everything was read."""
_HLA = {"HLA-A": ("*31:01",), "HLA-B": ("*57:01", "*58:01", "*15:02", "*15:11")}
_G6PD = {("normal", "normal"): "Normal", ("deficient", "normal"): "Variable", ("deficient", "deficient"): "Deficient"}


@dataclass(frozen=True, slots=True)
class Result:
    """A gene result: what guidelines are looked up by. `keys` are all texts that a guideline may use for it."""

    alleles: tuple[str, ...]
    phenotype: str
    activity: str = ""
    functions: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


def result_of(gene: Gene, alleles: Sequence[str], *, phenotype: str = "", activity: str = "") -> Result:
    """The result of a pair (or of a single copy); a phenotype or score that a laboratory gave goes first."""
    alleles = tuple(alleles)
    if gene.symbol in _HLA:
        return _hla(gene.symbol, alleles, phenotype)
    found = [_allele(gene, name) for name in alleles]
    functions = tuple(a.function if a else "" for a in found)
    said, score = _table(gene, alleles, found) if alleles else ("", "")
    tabled = bool(gene.pairs or gene.exact or gene.scores or gene.symbol == "G6PD")
    said, score = phenotype or said or (INDETERMINATE if alleles and tabled else ""), activity or score
    if not said and score:
        said = _by_score(gene, score)
    keys = [k for k in (score, said, "n/a" if said == INDETERMINATE else "") if k]
    return Result(alleles, said, score, functions, tuple(dict.fromkeys(keys)))


def _allele(gene: Gene, name: str) -> Allele | None:
    """The allele, or for copies ("*1x2") the allele that many times over; the first part of a combined name is no allele."""
    found = gene.allele(name)
    copies = re.fullmatch(r"(.+?)x(\d+)", name)
    if found is None and name.lower() == "reference" and gene.alleles:
        return gene.alleles[0]
    if found is None and "+" in name:
        return _tandem(name, [_allele(gene, part) for part in name.split("+")])
    if found is not None or copies is None:
        return found
    one, many = gene.allele(copies[1]), gene.allele(f"{copies[1]}x≥3")
    if many is not None and int(copies[2]) >= 3:
        return many
    if one is None or not _number(one.activity):
        return one
    return Allele(name, {}, one.function, f"{float(one.activity) * int(copies[2]):.1f}")


def _tandem(name: str, parts: Sequence[Allele | None]) -> Allele | None:
    """Genes one behind the other on one copy ("*36x2+*10"): their activity adds up (CPIC, CYP2D6 allele functionality)."""
    known = [part for part in parts if part is not None and _number(part.activity)]
    if len(known) < len(parts) or not known:
        return None
    return Allele(name, {}, "", f"{sum(float(part.activity) for part in known):g}")


def _number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", text) is not None


def _table(gene: Gene, alleles: tuple[str, ...], found: Sequence[Allele | None]) -> tuple[str, str]:
    names = tuple(a.name if a else n for a, n in zip(found, alleles, strict=True))
    if gene.chromosome == "M":
        names = _mitochondrial(gene, names)
    exact = gene.exact.get("/".join(sorted(names)))
    if exact:
        return exact
    if gene.symbol == "G6PD":
        return _g6pd([a.function if a else "" for a in found]), ""
    if any(a is None for a in found):
        return "", ""
    known = [a for a in found if a is not None]
    for keys in ([a.activity or a.function for a in known], [a.function for a in known], list(names)):
        said = gene.pairs.get(pair_key(keys))
        if said:
            return said[0], said[1] or _sum(known)
    score = _sum(known)
    return (_by_score(gene, score), score) if score else ("", "")


def _mitochondrial(gene: Gene, names: tuple[str, ...]) -> tuple[str, ...]:
    """Tables write the one copy twice. A variant in a part of the copies counts as there (CPIC, McDermott 2022)."""
    varied = [n for n in names if n != gene.alleles[0].name]
    return (varied[0], varied[0]) if varied else (names[0], names[0])


def _sum(alleles: Sequence[Allele]) -> str:
    if len(alleles) != 2 or not all(_number(a.activity) for a in alleles):
        return ""
    total = sum(float(a.activity) for a in alleles)
    return f"{total:g}" if total * 10 % 1 else f"{total:.1f}"


def _by_score(gene: Gene, score: str) -> str:
    value = float(score.lstrip("≥")) if _number(score.lstrip("≥")) else None
    if value is None:
        return ""
    listed = next((said for said, s in gene.pairs.values() if s == score), "")
    return listed or next((said for low, high, said in gene.scores if low <= value < high), "")


def _g6pd(functions: Sequence[str]) -> str:
    """CPIC (Gammal 2022, PMID 36049896): one copy decides in men; two in women, one deficient copy is "variable"."""
    kinds = []
    for function in functions:
        words = function.lower()
        cnsha = "cnsha" in words
        kinds.append(
            "cnsha" if cnsha else "deficient" if "deficient" in words else "normal" if "normal" in words else ""
        )
    if "" in kinds:
        return INDETERMINATE
    if len(set(kinds)) == 1 or "normal" not in kinds:
        return {"cnsha": "Deficient with CNSHA", "normal": "Normal"}.get(
            kinds[0] if len(set(kinds)) == 1 else "", "Deficient"
        )
    return "Variable"


def _hla(gene: str, alleles: tuple[str, ...], phenotype: str) -> Result:
    """Carried or not, for each allele that a guideline names; unknown where the laboratory named only one of them."""
    if phenotype:
        return Result(alleles, phenotype, keys=(phenotype,))
    keys = tuple(f"{a} {'positive' if any(x.startswith(a) for x in alleles) else 'negative'}" for a in _HLA[gene])
    return Result(alleles, "; ".join(keys), keys=keys)
