"""A small invented world (SYNTHETIC) for the engine's tests: eight findings, four conditions."""

import textwrap
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

import yaml

from core.diagnosis import settings
from core.diagnosis.common import CommonEngine
from core.domain.basics import Coding, Label, Quantity, Source, Version
from core.domain.finding import Finding, Origin, Scope, Status
from core.knowledge import condition_tables, conditions

NOW = datetime(2026, 1, 2, tzinfo=UTC)

_FINDINGS = """
- {id: cough, kind: symptom, en: Cough, zh: 咳嗽, background: 0.12}
- {id: productive_cough, kind: symptom, en: Productive cough, zh: 咳痰, parents: [cough], background: 0.04}
- {id: dry_cough, kind: symptom, en: Dry cough, zh: 干咳, parents: [cough], background: 0.06}
- {id: fever, kind: symptom, en: Fever, zh: 发热, group: fever, background: 0.1, hpo: "HP:0001945"}
- {id: chills, kind: symptom, en: Chills, zh: 寒战, group: fever, background: 0.03}
- {id: rigors, kind: symptom, en: Rigors, zh: 战栗, group: fever, background: 0.01}
- {id: calf_pain, kind: symptom, en: Calf pain, zh: 小腿痛, background: 0.01, question_en: "Does your calf hurt?"}
- {id: pleuritic_pain, kind: symptom, en: Pleuritic pain, zh: 胸膜痛, background: 0.02}
- {id: recent_surgery, kind: risk, en: Recent surgery, zh: 近期手术, background: 0.02}
- {id: cxr_opacity, kind: imaging, en: Opacity, zh: 阴影, background: 0.02, step: image, cost: 0.3}
- {id: d_dimer_high, kind: laboratory, en: D-dimer high, zh: D-二聚体升高, background: 0.1, step: test, cost: 0.3}
- {id: pregnancy, kind: demographic, en: Pregnant, zh: 妊娠, background: 0.03}
- {id: wart, kind: sign, en: Wart, zh: 疣, background: 0.01}
"""

_CONDITIONS = """
- id: pneumonia
  urgency: urgent
  prevalence: {weight: 7, age: {0: 1, 60: 3}}
  course: {onset: [acute], days: [1, 10]}
  findings: {cough: 0.85, productive_cough: 0.6, fever: 0.7, chills: 0.4, rigors: 0.2, pleuritic_pain: 0.3,
    cxr_opacity: 0.85}
- id: pulmonary_embolism
  urgency: emergency
  cant_miss: true
  prevalence: {weight: 0.7, pregnant: 4}
  course: {onset: [sudden], days: [0.05, 7]}
  findings: {pleuritic_pain: 0.5, calf_pain: {p: 0.9, defining: true}, cough: 0.25, cxr_opacity: 0.15}
  risk_factors: {recent_surgery: 8}
  tests: {d_dimer_high: [0.97, 0.6]}
- id: common_cold
  urgency: self_care
  prevalence: {weight: 60, age: {0: 2, 15: 1}}
  course: {onset: [acute], days: [1, 7]}
  findings: {cough: 0.6, fever: 0.2, dry_cough: 0.5}
- id: ovarian_torsion
  urgency: emergency
  prevalence: {weight: 0.1, sex: {female: 2, male: 0}}
  course: {onset: [sudden], days: [0.05, 2]}
  findings: {fever: 0.15, calf_pain: 0.02, wart: 0.02}
"""


@lru_cache(maxsize=1)
def tables() -> condition_tables.Tables:
    found = []
    for entry in yaml.safe_load(textwrap.dedent(_CONDITIONS)):
        entry |= {"en": entry["id"].replace("_", " "), "zh": "病", "icd10": ["J18"], "specialty": "test"}
        found.append(conditions._condition(entry | {"sources": ["expert estimate"]}, "world"))
    entries = [condition_tables._entry(entry) for entry in yaml.safe_load(_FINDINGS)]
    return condition_tables.build(tuple(found), tuple(entries), Version("world", "1"))


def engine(**changes: object) -> CommonEngine:
    return CommonEngine(tables(), replace(settings.load(), **changes))  # type: ignore[arg-type]


def finding(
    name: str,
    status: Status = Status.PRESENT,
    *,
    origin: Origin = Origin.NOTE,
    scope: Scope = Scope.CURRENT,
    confidence: float = 1.0,
    logit_shift: float | None = None,
    days: float | None = None,
    system: str = "consilium",
) -> Finding:
    return Finding(
        id=f"f-{name}-{status.value}",
        code=Coding(system, name),
        label=Label(name),
        status=status,
        origin=origin,
        source=Source("world", "text"),
        scope=scope,
        confidence=confidence,
        logit_shift=logit_shift,
        duration=None if days is None else Quantity(days, "d"),
    )


def absent(name: str) -> Finding:
    return finding(name, Status.ABSENT)
