"""GA4GH phenopacket v2 (JSON) -> record. The confirmed disease goes to `Record.diagnoses` and nowhere else."""

import re
from typing import Any

from core.domain.basics import Coding, Quantity
from core.domain.record import Event, Identifier, Medication, Note, Observation, Patient, Phenotype, Sex, Variant
from core.errors import Unreadable
from core.records import codes
from core.records.dates import day
from core.records.draft import Draft, Reading, content_key
from core.records.encoding import language
from core.records.limits import check_count
from core.records.plain import Plain, at, node, nodes, number, parse, text

_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T.*)?$")
_SEX = {"FEMALE": Sex.FEMALE, "MALE": Sex.MALE, "OTHER_SEX": Sex.OTHER}
_ZYGOSITY = {"GENO:0000135": "heterozygous", "GENO:0000136": "homozygous", "GENO:0000134": "hemizygous"}
_ASSEMBLY = {"hg38": "GRCh38", "hg19": "GRCh37", "grch38": "GRCh38", "grch37": "GRCh37", "b37": "GRCh37"}


def read(data: bytes, file: str) -> Reading:
    """One record. A family, a cohort or a list gives one record a member that has a phenopacket of its own."""
    packets = _packets(parse(data, file))
    check_count(file, sum(len(nodes(p, "phenotypicFeatures")) for p, _ in packets), "features")
    key = content_key(data)
    readings = [_read_packet(p, Draft(file, "phenopacket", f"{key}/{place}"), place) for p, place in packets]
    if not readings:
        raise Unreadable(f"{file} is not a phenopacket with a subject or features.", "Export it again.")
    skipped = tuple(dict.fromkeys(why for _, left in readings for why in left))
    return Reading(tuple(draft.record() for draft, _ in readings), skipped)


def _packets(top: Any) -> list[tuple[Plain, str]]:
    members = [(m, f"members[{i}]") for i, m in enumerate(nodes(top, "members"))]
    proband = node(top, "proband")
    if proband or members:
        found = ([(proband, "proband")] if proband else []) + members
    else:
        many = isinstance(top, list)
        found = [(p, f"phenopacket[{i}]" if many else "phenopacket") for i, p in enumerate(nodes(top))]
    known = ("subject", "phenotypicFeatures", "interpretations", "diseases", "measurements")
    return [(p, place) for p, place in found if any(k in p for k in known)]


def _read_packet(packet: Plain, draft: Draft, place: str) -> tuple[Draft, tuple[str, ...]]:
    subject = node(packet, "subject")
    draft.patient = _patient(subject, packet, draft, place)
    for index, feature in enumerate(nodes(packet, "phenotypicFeatures")):
        _feature(feature, draft, f"{place}.phenotypicFeatures[{index}]")
    for index, item in enumerate(nodes(packet, "interpretations")):
        _interpretation(item, draft, f"{place}.interpretations[{index}]")
    for disease in nodes(packet, "diseases"):
        if at(disease, "excluded") is not True:
            _diagnosis(node(disease, "term"), draft)
    for index, item in enumerate(nodes(packet, "measurements")):
        _measurement(item, draft, f"{place}.measurements[{index}]")
    for index, item in enumerate(nodes(packet, "medicalActions")):
        _action(item, draft, f"{place}.medicalActions[{index}]")
    draft.diagnoses = list({c.code: c for c in reversed(draft.diagnoses)}.values())[::-1]
    left = {"biosamples": "samples", "files": "linked files"}
    return draft, tuple(f"{words}: not read" for name, words in left.items() if nodes(packet, name))


def _patient(subject: Plain, packet: Plain, draft: Draft, place: str) -> Patient:
    known = text(subject, "id")
    packet_id = text(packet, "id")
    numbers = tuple(
        Identifier("phenopacket", n) for n in dict.fromkeys((packet_id, f"{packet_id}/{known}")) if n.strip("/")
    )
    return Patient(
        birth_date=day(text(subject, "dateOfBirth")),
        sex=_SEX.get(text(subject, "sex"), Sex.UNKNOWN),
        age_years=age_of(node(subject, "timeAtLastEncounter")),
        identifiers=numbers[:1],
        synthetic="SYNTHETIC" in (packet_id + known + text(packet, "metaData", "createdBy")).upper(),
        sources=(draft.source(f"{place}.subject", known),),
    )


def age_of(element: Plain) -> float | None:
    """Age in years of a TimeElement: an age, or the middle of an age range."""
    single = years(text(element, "age", "iso8601duration") or text(element, "age"))
    if single is not None:
        return single
    low = years(text(element, "ageRange", "start", "iso8601duration"))
    high = years(text(element, "ageRange", "end", "iso8601duration"))
    return (low + high) / 2 if low is not None and high is not None else None


def years(duration: str) -> float | None:
    """ISO 8601 duration in years ("P3Y6M" -> 3.5), or None."""
    match = _DURATION.match(duration)
    if not match or not any(match.groups()):
        return None
    y, m, w, d = (int(g[:6]) if g else 0 for g in match.groups())
    return y + m / 12 + w * 7 / 365.2425 + d / 365.2425


def _time(element: Plain) -> str:
    """A TimeElement as one string: an ISO duration (age), a term (onset class), a date."""
    return (
        text(element, "age", "iso8601duration")
        or text(element, "ontologyClass", "label")
        or text(element, "timestamp")
        or "/".join(t for t in (text(element, "ageRange", s, "iso8601duration") for s in ("start", "end")) if t)
        or "/".join(t for t in (text(element, "interval", s) for s in ("start", "end")) if t)
        or (f"{text(element, 'gestationalAge', 'weeks')} weeks" if node(element, "gestationalAge") else "")
    )


def _feature(feature: Plain, draft: Draft, place: str) -> None:
    code = text(feature, "type", "id")
    if not code:
        return
    draft.phenotypes.append(
        Phenotype(
            draft.id("phenotype", place), codes.curie(code, text(feature, "type", "label")),
            at(feature, "excluded") is True or at(feature, "negated") is True,
            (draft.source(place, text(feature, "type", "label")),), _time(node(feature, "onset")),
        )
    )  # fmt: skip
    if text(feature, "description"):
        words = text(feature, "description")
        draft.notes.append(Note(draft.id("note", place), words, draft.source(f"{place}.description"), language(words)))


def _diagnosis(term: Plain, draft: Draft) -> None:
    if text(term, "id"):
        draft.diagnoses.append(codes.curie(text(term, "id"), text(term, "label")))


def _interpretation(item: Plain, draft: Draft, place: str) -> None:
    solved = text(item, "progressStatus") in ("SOLVED", "COMPLETED", "")
    if solved:
        _diagnosis(node(item, "diagnosis", "disease"), draft)
    for index, genomic in enumerate(nodes(item, "diagnosis", "genomicInterpretations")):
        where = f"{place}.diagnosis.genomicInterpretations[{index}]"
        interpreted = node(genomic, "variantInterpretation")
        descriptor = node(interpreted, "variationDescriptor") or node(interpreted, "variation_descriptor")
        if descriptor:
            draft.variants.append(_variant(interpreted, descriptor, draft, where))
        elif text(genomic, "gene", "symbol"):
            gene = text(genomic, "gene", "symbol")
            draft.variants.append(Variant(draft.id("variant", where), gene, (draft.source(where),)))


def _variant(interpreted: Plain, descriptor: Plain, draft: Draft, place: str) -> Variant:
    vcf = node(descriptor, "vcfRecord")
    spelled = {text(e, "syntax"): text(e, "value") for e in nodes(descriptor, "expressions")}
    state = node(descriptor, "allelicState")
    acmg = text(interpreted, "acmgPathogenicityClassification").lower().replace("_", " ")
    assembly = text(vcf, "genomeAssembly")
    best = next((spelled[s] for s in ("hgvs.c", "hgvs.g", "hgvs", "hgvs.p") if spelled.get(s)), "")
    return Variant(
        draft.id("variant", place), text(descriptor, "geneContext", "symbol"), (draft.source(place, best),),
        hgvs=best or text(descriptor, "label"),
        zygosity=_ZYGOSITY.get(text(state, "id"), text(state, "label")),
        significance="" if acmg == "not provided" else acmg,
        assembly=_ASSEMBLY.get(assembly.lower(), assembly), chromosome=text(vcf, "chrom").removeprefix("chr"),
        position=int(number(vcf, "pos") or 0), reference=text(vcf, "ref"), alternate=text(vcf, "alt"),
    )  # fmt: skip


def _measurement(item: Plain, draft: Draft, place: str) -> None:
    assay, label = text(item, "assay", "id"), text(item, "assay", "label")
    value = node(item, "value")
    amount = number(value, "quantity", "value")
    span = node(value, "quantity", "referenceRange")
    unit = text(value, "quantity", "unit", "id").removeprefix("UCUM:") or text(value, "quantity", "unit", "label")
    if not (assay or label):
        return
    draft.observations.append(
        Observation(
            draft.id("observation", place), (codes.curie(assay, label),) if assay else (), label or assay,
            (draft.source(place, label),), category="laboratory",
            value=Quantity(amount, unit) if amount is not None else None,
            text_value=text(value, "ontologyClass", "label"), time=_time(node(item, "timeObserved")),
            reference_low=number(span, "low"), reference_high=number(span, "high"),
        )
    )  # fmt: skip


def _action(item: Plain, draft: Draft, place: str) -> None:
    agent, procedure = node(item, "treatment", "agent"), node(item, "procedure", "code")
    if text(agent, "id"):
        found: tuple[Coding, ...] = (codes.curie(text(agent, "id"), text(agent, "label")),)
        words = text(agent, "label") or text(agent, "id")
        draft.medications.append(Medication(draft.id("medication", place), found, words, (draft.source(place),)))
    if text(procedure, "id"):
        found = (codes.curie(text(procedure, "id"), text(procedure, "label")),)
        words = text(procedure, "label") or text(procedure, "id")
        start = _time(node(item, "procedure", "performed"))
        draft.events.append(Event(draft.id("event", place), "procedure", found, words, (draft.source(place),), start))
