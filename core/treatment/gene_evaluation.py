"""The gene caller against test vectors: what each vector expects, what came out, and which checks could not be made.

A vector passes when every check that it states in full holds. Checks on something else (numbers of guideline messages) and
checks on a gene for which the vector holds no data (a shared file of the peer's suite is not part of it) are counted apart.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.diagnosis.measures import share
from core.errors import UserError
from core.knowledge.genes import GenePack, installed, natural, pack_of
from core.knowledge.genes_build import build
from core.knowledge.genes_call import GeneCall, call_genes
from core.knowledge.genes_default import is_built
from core.knowledge.genes_default import tables as default_tables
from core.knowledge.genes_pypgx import tables
from core.progress import Report, silent
from core.treatment.gene_vectors import options_of, outside_of, variants_of, vectors

_WORDS = {
    "TextConstants.UNCALLED": "Not called", "TextConstants.HOMOZYGOUS_REFERENCE": "Reference/Reference",
    "TextConstants.INDETERMINATE": "Indeterminate", "TextConstants.NA": "n/a",
}  # fmt: skip
_NOTHING = {"Lists.newArrayList()", "new ArrayList<>()", "Collections.emptyList()", "List.of()"}
_OTHER = re.compile(r"test(Matched|AnyMatch|NoMatch|Message|GeneHas|.*Message|Drug)")
_REFERENCES = {"ivacaftor non-responsive CFTR sequence", "Reference"}


def evaluate(data: Path, definitions: Path | None = None, report: Report = silent) -> dict[str, object]:
    """Measures of a folder of vectors, with `definitions` by a release's tables, else by the installed pack."""
    pack = _pack(definitions)
    listed = vectors(data)
    failures: list[dict[str, object]] = []
    checks: Counter[str] = Counter()
    levels: Counter[str] = Counter()
    for number, vector in enumerate(listed):
        report(number, len(listed), vector["test"])
        wrong = score(vector, pack, data, checks)
        levels[f"{vector['level']}_{'failed' if wrong else 'passed'}"] += 1
        if wrong:
            failures.append({"suite": vector["suite"], "test": vector["test"], "wrong": wrong})
    passed, n = len(listed) - len(failures), len(listed)
    return {
        "n": n, "passed": passed, "failed": len(failures), "pass_rate": passed / n if n else None,
        "ci95": share([True] * passed + [False] * (n - passed))["ci95"], "by_level": dict(levels), "checks": dict(checks),
        "pack": pack.tables.version, "source": pack.tables.source, "failures": failures,
    }  # fmt: skip


def _pack(definitions: Path | None) -> GenePack:
    if definitions is not None:
        return pack_of(build(definitions, base=tables())[0])
    return installed() if is_built() else pack_of(default_tables())


def score(vector: dict[str, Any], pack: GenePack, data: Path, checks: Counter[str]) -> list[str]:
    """What is wrong with the answer to one vector; empty where all holds."""
    try:
        variants, sex = variants_of(vector, pack, data)
    except UserError as error:
        return [str(error)]
    options = options_of(vector)
    calls = {c.gene: c for c in call_genes(pack, variants, outside=outside_of(vector), sex=sex, options=options)}
    wrong: list[str] = []
    if vector["level"] == "matcher":
        gene = next(iter(vector["genes"] or calls), "")
        if isinstance(vector["expected"], dict) and vector["expected"].get("expr") not in _NOTHING:
            checks["not stated"] += 1
            return wrong
        _compare("diplotypes", _strings(vector["expected"]), _names(calls.get(gene)), wrong)
        checks["made"] += 1
        return wrong
    source: dict[str, list[str]] = {}
    for check in vector.get("checks", ()):
        checks[_check(check, calls, source, wrong, vector)] += 1
    return wrong


def _check(
    check: list[Any], calls: dict[str, GeneCall], source: dict[str, list[str]], wrong: list[str], vector: dict[str, Any]
) -> str:
    kind = check[0]
    if kind == "doStandardChecks":
        return _standard(check, calls, wrong)
    if _OTHER.match(kind):
        return "on other things"
    if kind in {"testCalledByMatcher", "testNotCalledByMatcher"}:
        for gene in (g for names in check[1:] if isinstance(names, list) for g in names):
            called = gene in calls and calls[gene].called
            if called != (kind == "testCalledByMatcher"):
                wrong.append(f"{gene} was {'called' if called else 'not called'}")
        return "made"
    if kind == "testReportable":
        return _reportable([g for names in check[1:] for g in names], calls, wrong, vector)
    if len(check) < 3 or not isinstance(check[1], list) or not check[1]:
        return "on other things"
    gene = check[1][0]
    if gene not in calls and gene not in vector["genes"]:
        return "without data"
    if kind == "testSourcePhenotype":
        results = calls[gene].results if gene in calls else ()
        _compare(f"{gene} phenotype", _strings(check[2]), [r.phenotype for r in results], wrong)
        return "made"
    expected = [_strings(item) for item in check[2:]]
    if not any(expected):
        return "not stated"
    if kind == "testRecommendedDiplotypes":
        return _recommended(gene, expected, calls.get(gene), source, check, wrong)
    if kind in {"testSourceDiplotypes", "testPrintCalls", "testPrintCpicCalls"}:
        forms = expected if kind == "testSourceDiplotypes" else [[x for e in expected for x in e]]
        source[gene] = forms[-1]
        _either(f"{gene} diplotypes", forms, _names(calls.get(gene)) or ["Not called"], wrong)
        return "made"
    return "on other things"


def _reportable(genes: list[str], calls: dict[str, GeneCall], wrong: list[str], vector: dict[str, Any]) -> str:
    for gene in genes:
        if gene not in calls and gene not in vector["genes"]:
            return "without data"
        if gene not in calls or not calls[gene].diplotypes:
            wrong.append(f"{gene} has nothing to report")
    return "made"


def _standard(check: list[Any], calls: dict[str, GeneCall], wrong: list[str]) -> str:
    """(wrapper, file, expected, as shown, pair that decides, ...) of the DPYD suite."""
    call = calls.get("DPYD")
    if call is None or not call.called:
        wrong.append("DPYD was not called")
        return "made"
    forms = [_strings(check[3])] + ([_strings(check[4])] if isinstance(check[4], list) and check[4] else [])
    _either("DPYD diplotypes", forms, _names(call), wrong)
    decisive = _strings(check[5]) if isinstance(check[5], list) else []
    if decisive:
        _pair("DPYD", decisive, call, wrong)
    return "made"


def _recommended(
    gene: str,
    expected: list[list[str]],
    call: GeneCall | None,
    source: dict[str, list[str]],
    check: list[Any],
    wrong: list[str],
) -> str:
    if isinstance(check[2], str):
        known = source.get(gene, [])
        if len(known) != 1:
            return "not stated"
        expected = [_split(_plain(known[0]))]
    pair = [name for part in expected for name in part]
    if call is None:
        wrong.append(f"{gene} has no result")
    else:
        _pair(gene, pair, call, wrong)
    return "made"


def _pair(gene: str, pair: Sequence[str], call: GeneCall, wrong: list[str]) -> None:
    """The pair is among those that decide. A pair stated with one name lost the other on the way into the vector."""
    wanted = Counter(_alias(p) for p in pair)
    if not any(not (wanted - Counter(_alias(a) for a in found)) for found in call.decisive):
        wrong.append(f"{gene} decided by {call.decisive}, expected {list(pair)}")


def _names(call: GeneCall | None) -> list[str]:
    return list(call.diplotypes) if call else []


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return []
    if isinstance(value, str):
        inside = re.findall(r"TextConstants\.\w+", value)
        return [_WORDS.get(w, w) for w in inside]
    return [str(v) for v in value or ()]


def _alias(name: str) -> str:
    return "Reference" if name in _REFERENCES else name


def _split(name: str) -> list[str]:
    return [part for part in re.split(r"/(?![^\[]*\])", name) if part]


def _plain(name: str) -> str:
    """One spelling: "a (heterozygous)" is "Reference/a", combined names in order."""
    if name.endswith(" (heterozygous)"):
        name = "Reference/" + name.removesuffix(" (heterozygous)")
    if name.endswith(" (homozygous)"):
        one = name.removesuffix(" (homozygous)")
        name = f"{one}/{one}"
    parts = []
    for part in _split(name):
        inner = part[1:-1] if part.startswith("[") and part.endswith("]") else part
        parts.append(" + ".join(sorted((_alias(i) for i in inner.split(" + ")), key=natural)))
    return "/".join(sorted(parts, key=natural))


def _either(what: str, forms: Sequence[Sequence[str]], found: Sequence[str], wrong: list[str]) -> None:
    """A call may be stated in full ("Reference/a") and as shown ("a (heterozygous)"): one of the two lists must hold."""
    tried: list[list[str]] = [[] for _ in forms]
    for form, misses in zip(forms, tried, strict=True):
        _compare(what, form, found, misses)
    if all(tried):
        wrong += tried[-1]


def _compare(what: str, expected: Sequence[str], found: Sequence[str], wrong: list[str]) -> None:
    if what.startswith("diplotypes") or expected:
        a, b = ({_plain(x) for x in names} for names in (expected, found))
        if a != b:
            wrong.append(f"{what}: expected {sorted(a)}, found {sorted(b)}")
