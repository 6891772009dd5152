"""`genes VCF`: pharmacogenes of one sample: diplotypes, gene results, recommendations."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from core.domain.record import Sex
from core.errors import UserError
from core.knowledge.genes import GenePack, installed, pack_of
from core.knowledge.genes_assembly import on_grch38, wants
from core.knowledge.genes_call import GeneCall, Options, OutsideCall, call_genes
from core.treatment.genes import GeneAdvice, advice_for


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("vcf", type=Path, help="VCF 4.x on GRCh38, plain or gzip, one sample (or name it)")
    parser.add_argument("--sample", default="", help="the sample to read where the file holds several")
    parser.add_argument("--outside", type=Path, help="calls made elsewhere: gene, diplotype, phenotype, score (tabs)")
    parser.add_argument("--sex", choices=[s.value for s in Sex], default="unknown", help="for genes on chromosome X")
    parser.add_argument("--drug", nargs="+", default=[], help="recommendations for these drugs only")
    parser.add_argument("--definitions", type=Path, help="release folder to call by; default the installed pack")
    parser.add_argument("--combinations", action="store_true", help="name combined and partial alleles (research)")
    parser.add_argument("--all", action="store_true", help="every diplotype that is possible, not only the best")
    parser.add_argument("--json", action="store_true", help="JSON on standard output (else a table)")


def run(args: argparse.Namespace) -> int:
    """Read, call, look up, print."""
    from core.records.vcf_calls import read_calls

    pack = _pack(args.definitions)

    def report(done: int, total: int, what: str) -> None:
        print(f"genes {done} {what}", file=sys.stderr)

    read = read_calls(args.vcf, lambda c, p: wants(pack, c, p), report, sample=args.sample)
    placed = on_grch38(pack, read.variants, read.assembly)
    calls = call_genes(
        pack,
        placed.variants,
        outside=_outside(args.outside),
        sex=Sex(args.sex),
        options=Options(all_pairs=args.all, combinations=args.combinations),
    )
    advice = advice_for(pack, calls, args.drug)
    if args.json:
        print(json.dumps(_json(pack, read.sample, placed.note.en, calls, advice), ensure_ascii=False, indent=1))
    else:
        _print(pack, calls, advice)
    return 0


def _pack(definitions: Path | None) -> GenePack:
    if definitions is None:
        return installed()
    from core.knowledge.genes_build import build
    from core.knowledge.genes_pypgx import tables

    return pack_of(build(definitions, base=tables())[0])


def _outside(path: Path | None) -> tuple[OutsideCall, ...]:
    if path is None:
        return ()
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("\t")]
        if len(parts) < 2 or not any(parts[1:4]):
            raise UserError(f"{path.name}, line {number} is not 'gene<TAB>diplotype'.", "Correct the line.")
        gene, diplotype, phenotype, activity = (*parts, "", "", "")[:4]
        found.append(OutsideCall(gene, diplotype, phenotype, activity))
    return tuple(found)


def _json(
    pack: GenePack, sample: str, note: str, calls: tuple[GeneCall, ...], advice: tuple[GeneAdvice, ...]
) -> dict[str, Any]:
    silent = sorted(set(pack.genes) - {c.gene for c in calls})
    return {
        "sample": sample, "note": note, "pack": {"version": pack.tables.version, "source": pack.tables.source},
        "genes": [_call(c) for c in calls], "not_read": silent, "recommendations": [_advice(a) for a in advice],
    }  # fmt: skip


def _call(call: GeneCall) -> dict[str, Any]:
    return {
        "gene": call.gene, "called": call.called or call.origin == "outside", "origin": call.origin,
        "diplotypes": list(call.diplotypes),
        "results": [
            {"alleles": list(r.alleles), "functions": list(r.functions), "phenotype": r.phenotype, "activity": r.activity}
            for r in call.results
        ],
        "ambiguous": call.ambiguous, "phased": call.phased, "positions_read": call.read,
        "positions_missing": list(call.missing), "variants": list(call.variants), "extra": dict(call.extra),
        "notes": [n.en for n in call.notes],
    }  # fmt: skip


def _advice(found: GeneAdvice) -> dict[str, Any]:
    a = found.advice
    return {
        "drug": a.drug, "because": dict(found.results), "recommendation": a.text, "strength": a.strength,
        "level": a.level, "population": a.population, "implications": list(a.implications), "organisation": a.organisation,
        "source": a.url, "certain": found.certain,
    }  # fmt: skip


def _print(pack: GenePack, calls: tuple[GeneCall, ...], advice: tuple[GeneAdvice, ...]) -> None:
    for call in calls:
        said = " or ".join(dict.fromkeys(r.phenotype for r in call.results)) or "no result"
        print(f"{call.gene:10} {' or '.join(call.diplotypes) or 'not called':30} {said}")
        for note in call.notes:
            print(f"{'':10}   {note.en}")
    unread = ", ".join(sorted(set(pack.genes) - {c.gene for c in calls}))
    print(f"not read: {unread or 'none'}")
    for found in advice:
        a = found.advice
        because = ", ".join(f"{g} {k}" for g, k in found.results)
        print(
            f"\n{a.drug} ({because}) [{a.organisation} {a.level} {a.strength} {a.population}]\n  "
            + a.text.replace("\n", "\n  ")
        )
