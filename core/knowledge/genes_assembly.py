"""Which assembly variants are on: GRCh38 is called, GRCh37 lifted where the tables give both places, else refused."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.basics import Label
from core.domain.record import Variant
from core.errors import UserError
from core.knowledge.genes import GenePack
from core.knowledge.genes_sample import chromosome_of

_AGREE = 0.95


@dataclass(frozen=True, slots=True)
class Placed:
    """Variants on GRCh38, and how they came to be there."""

    variants: tuple[Variant, ...]
    note: Label = Label("")


def on_grch38(pack: GenePack, variants: Sequence[Variant], named: str) -> Placed:
    """Variants on GRCh38. `named` is the assembly the file names ("" for none). Raises `UserError` for another one."""
    if named == "GRCh38":
        return Placed(tuple(variants))
    if named == "GRCh37":
        return _lifted(pack, variants)
    agree, against = _bases(pack, variants)
    if agree == 0 or agree < _AGREE * (agree + against):
        raise UserError(
            "The file does not say which genome assembly it is on, and its reference bases do not settle it.",
            "Export it on GRCh38, with the assembly in the header.",
        )
    said = (
        f"the file names no assembly; its reference bases agree with GRCh38 at {agree} of {agree + against} positions"
    )
    return Placed(tuple(variants), Label(said, f"文件未注明基因组版本；{agree + against}个位点中{agree}个与GRCh38一致"))


def _bases(pack: GenePack, variants: Sequence[Variant]) -> tuple[int, int]:
    agree = against = 0
    genes = pack.genes
    for variant in variants:
        places = pack.where.get((chromosome_of(variant.chromosome), variant.position), ())
        if places:
            same = any(genes[s].sites[i].ref[0] == variant.reference[:1] for s, i in places)
            agree, against = agree + same, against + (not same)
    return agree, against


def _lifted(pack: GenePack, variants: Sequence[Variant]) -> Placed:
    """Single-base changes only: the neighbourhood of a longer one may differ between assemblies."""
    table = pack.tables.lifted
    found = []
    for variant in variants:
        place = table.get(f"{chromosome_of(variant.chromosome)}:{variant.position}")
        if place is not None and len(variant.reference) == 1 and all(len(a) == 1 for a in variant.alternate.split(",")):
            found.append(dataclasses.replace(variant, position=place, assembly="GRCh38"))
    if not found:
        raise UserError(
            "The file is on GRCh37, and none of its variants could be lifted to GRCh38 by position.",
            "Export it on GRCh38.",
        )
    return Placed(
        tuple(found),
        Label(
            f"the file is on GRCh37: {len(found)} single-base positions were lifted to GRCh38 by table, "
            "the rest counts as not read",
            f"文件基于GRCh37：{len(found)}个单碱基位点按表转换为GRCh38，其余视为未检测",
        ),
    )


def wants(pack: GenePack, chromosome: str, position: int) -> bool:
    """Whether a record at this place may matter, on either assembly."""
    name = chromosome_of(chromosome)
    return (name, position) in pack.where or f"{name}:{position}" in pack.tables.lifted
