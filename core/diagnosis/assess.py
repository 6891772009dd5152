"""Findings to an `Assessment`: both engines, fusion, red flags, urgency and the next steps."""

import time
from collections.abc import Sequence
from datetime import datetime

from core.diagnosis import common, fusion, memory, questions
from core.diagnosis.engine import Ranking
from core.diagnosis.red_flags import red_flags
from core.diagnosis.triage import alarming, urgency
from core.domain.assessment import Abstention, Assessment, Urgency
from core.domain.basics import Label, Version
from core.domain.finding import Finding, Origin
from core.domain.record import Patient
from core.domain.serial import digest
from core.errors import UserError
from core.progress import Report, silent

ENGINE_VERSION = Version("diagnosis", "1")
_STEPS = 4
_WATCHED = 5
"""An emergency among the first five, however improbable, rules out staying at home."""


def assess(findings: Sequence[Finding], patient: Patient, now: datetime, report: Report = silent) -> Assessment:
    """The differential of a case at `now` (timezone-aware). Any subset of note, laboratory, image and gene works."""
    started = time.perf_counter()
    report(0, _STEPS, "common conditions")
    engine = common.shared()
    scores = engine.score(findings, patient, now)
    ranked = engine.ranking(scores)
    report(1, _STEPS, "rare diseases")
    rare, rare_abstention = _rare(findings, patient, engine, ranked)
    fused = fusion.fuse(ranked, rare)
    report(2, _STEPS, "red flags")
    flags = red_flags(findings, patient, now, engine.tables)
    report(3, _STEPS, "next questions")
    steps = () if ranked.abstention else questions.next_steps(engine, scores)
    abstentions = tuple(a for a in (ranked.abstention, rare_abstention) if a is not None)
    possible = any(h.urgency is Urgency.EMERGENCY for h in ranked.hypotheses[:_WATCHED])
    alarm = possible or alarming(findings, engine.tables)
    key = digest((tuple(findings), patient))
    memory.tidy()
    report(_STEPS, _STEPS, "done")
    return Assessment(
        id=f"assessment-{key[:12]}-{now:%Y%m%dT%H%M%S}",
        created_at=now.isoformat(),
        hypotheses=fused.hypotheses,
        none_of_these=fused.none_of_these,
        red_flags=flags,
        next_steps=steps,
        abstentions=abstentions,
        urgency=urgency(fused.hypotheses, flags, fused.none_of_these, alarm=alarm),
        versions=(ENGINE_VERSION, *ranked.versions, *(rare.versions if rare else ())),
        input_sha256=key,
        seconds=time.perf_counter() - started,
    )


def _rare(
    findings: Sequence[Finding], patient: Patient, engine: common.CommonEngine, ranked: Ranking
) -> tuple[Ranking | None, Abstention | None]:
    """The rare engine's ranking where enough specific findings that nothing common explains entitle it to the list."""
    findings = fusion.for_rare(findings)
    leading = ranked.hypotheses[0] if ranked.hypotheses else None
    specific = fusion.specific_findings(findings, engine.tables, leading)
    genes = any(f.origin is Origin.GENE for f in findings)
    if specific < fusion.SPECIFIC_NEEDED and not (genes and specific):
        if not specific:
            return None, None
        return None, Abstention(
            "rare",
            Label(
                f"Rare diseases are left out: {specific} specific findings that the leading condition does not explain, "
                f"{fusion.SPECIFIC_NEEDED} are needed.",
                f"未列出罕见病：首位诊断未能解释的特异性发现仅{specific}项，至少需要{fusion.SPECIFIC_NEEDED}项。",
            ),
        )
    try:
        from core.diagnosis import rare
    except ImportError:
        return None, Abstention("rare", Label("The rare-disease engine is not installed.", "未安装罕见病引擎。"))
    try:
        result = rare.rank(findings, patient, top=200 if genes else 50)
    except UserError as error:
        return None, Abstention("rare", Label(str(error), "罕见病知识包不可用。"))
    if result.abstained is not None:
        return None, Abstention("rare", result.abstained)
    ranking = Ranking(result.hypotheses, result.log_evidence, result.none_of_these, None, result.versions)
    return fusion.with_genes(ranking, findings), None
