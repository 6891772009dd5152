"""Everything about the patient that rules, doses and plans may ask for, gathered once from record and findings."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.domain.age import age_years
from core.domain.basics import Label, Quantity, Source
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Allergy, Record, Sex
from core.treatment import gestation, labs, organs, states
from core.treatment.labs import Measured
from core.treatment.recognise import Recognised, medication_text, recognise, says_none

_NOT_TAKEN = {"completed", "stopped", "cancelled", "entered-in-error", "draft", "not-taken", "on-hold", "ended"}
_ADULT_YEARS = 18
_STAGE_LIMIT = {"3": 59.0, "3a": 59.0, "3b": 44.0, "4": 29.0, "5": 14.0}
_GENE = re.compile(
    r"\b(CYP\w{2,4}|SLCO1B1|TPMT|NUDT15|DPYD|UGT1A1|VKORC1|HLA-[AB]\*?\d\d:?\d\d|G6PD|IFNL3|RYR1|CACNA1S|ABCG2|NAT2|MT-RNR1)\b"
)
_PHENOTYPES = (
    ("ultrarapid", re.compile(r"ultra-?\s?rapid|超快")),
    ("rapid", re.compile(r"\brapid|快代谢")),
    ("intermediate", re.compile(r"intermediate|中间代谢")),
    ("poor", re.compile(r"\bpoor|慢代谢|no function")),
    ("decreased", re.compile(r"decreased|low function|功能降低")),
    ("increased", re.compile(r"increased (function|sensitivity)|high sensitivity")),
    ("deficient", re.compile(r"deficien|缺乏")),
    ("positive", re.compile(r"positive|present|carrier|阳性")),
    ("negative", re.compile(r"negative|absent|not detected|阴性")),
    ("normal", re.compile(r"\bnormal|extensive|正常")),
)


@dataclass(frozen=True, slots=True)
class Medicine:
    """A current medicine as recognised; `recognised.drugs` is empty where the text could not be understood."""

    medication_id: str
    text: str
    recognised: Recognised
    sources: tuple[Source, ...]

    @property
    def drugs(self) -> tuple[str, ...]:
        """The ingredients' drug ids."""
        return self.recognised.drugs


@dataclass(frozen=True, slots=True)
class Kidney:
    """Kidney function: `crcl` mL/min, `egfr` mL/min/1.73 m2. None: cannot be calculated; `ask` names what is missing.

    `assumed` marks an upper limit taken from a stated CKD stage, not a measurement. `stale`: an input is too old to dose by.
    """

    crcl: float | None
    egfr: float | None
    ask: tuple[str, ...]
    stale: bool
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """The patient at `now`."""

    now: datetime
    age: float | None
    sex: Sex
    states: dict[str, tuple[Source, ...]]
    denied: frozenset[str]
    measured: dict[str, Measured]
    current: tuple[Medicine, ...]
    allergies: tuple[Allergy, ...]
    genes: dict[str, tuple[str, tuple[Source, ...]]]
    kidney: Kidney
    child_pugh: str = ""
    weeks: float | None = None
    weeks_sources: tuple[Source, ...] = ()
    """Weeks of a known pregnancy; None where none is known or its age is not stated with a date."""

    def fresh(self, input_id: str) -> float | None:
        """A measurement that is not stale, or None."""
        found = self.measured.get(input_id)
        return None if found is None or found.stale else found.value

    def known(self, input_id: str) -> float | None:
        """The newest measurement of any age, or None."""
        found = self.measured.get(input_id)
        return None if found is None else found.value

    @property
    def pregnant(self) -> bool | None:
        """True, False or (a woman of 11-55 about whom nothing is said) None."""
        if "pregnancy" in self.states:
            return True
        impossible = self.sex is Sex.MALE or (self.age is not None and not 11 <= self.age <= 55)
        return False if impossible or "pregnancy" in self.denied else None


def gather(record: Record, findings: Iterable[Finding], now: datetime) -> Context:
    """The context of a record and its findings at `now` (timezone-aware)."""
    findings = tuple(findings)
    age = age_years(record.patient, now.date())
    measured = labs.latest(record, findings, now, age)
    present = states.present(record, findings, now)
    pregnancy = gestation.weeks(record, measured, present, now)
    return Context(
        now=now,
        age=age,
        sex=record.patient.sex,
        states=present,
        denied=states.denied(findings) - present.keys(),
        measured=measured,
        current=_current(record, now),
        allergies=tuple(a for a in record.allergies if a.status.lower() in {"active", "unknown", ""}),
        genes=_genes(record, findings),
        kidney=kidney(measured, age, record.patient.sex, _stage_limit(record, present)),
        child_pugh=_child_pugh(measured, present),
        weeks=pregnancy[0] if pregnancy else None,
        weeks_sources=pregnancy[1] if pregnancy else (),
    )


def _current(record: Record, now: datetime) -> tuple[Medicine, ...]:
    taken = []
    for medication in record.medications:
        ended = labs.parse_time(medication.end) if medication.end else None
        if medication.status.lower() in _NOT_TAKEN or (ended is not None and ended < now):
            continue
        named = medication_text(medication)
        if not named or says_none(named):
            continue
        said = recognise(" ".join(part for part in (named, medication.dosage, medication.route) if part))
        taken.append(Medicine(medication.id, named, said, medication.sources))
    return tuple(taken)


def kidney(measured: dict[str, Measured], age: float | None, sex: Sex, stage_limit: float | None) -> Kidney:
    """Kidney function from the newest values; never from an assumed creatinine."""
    creatinine, weight, height = (measured.get(key) for key in ("creatinine", "weight", "height"))
    sexed = sex in {Sex.FEMALE, Sex.MALE}
    adult = age is None or age >= _ADULT_YEARS
    needed = {"creatinine": creatinine, "weight" if adult else "height": weight if adult else height}
    ask = tuple(key for key, value in needed.items() if value is None or value.stale)
    ask += tuple(key for key, known in (("age", age is not None), ("sex", sexed)) if not known)
    crcl = egfr = None
    if creatinine and age is not None and sexed:
        if adult:
            egfr = organs.ckd_epi_2021(age, creatinine.value, sex)
            if weight:
                used = organs.clearance_weight(weight.value, height.value if height else None, sex)
                crcl = organs.cockcroft_gault(age, used, creatinine.value, sex)
        elif height:
            crcl = egfr = organs.bedside_schwartz(height.value, creatinine.value)
    reported = measured.get("egfr")
    if egfr is None and reported is not None:
        egfr = reported.value
    assumed = egfr is None and stage_limit is not None
    if assumed:
        egfr = stage_limit
    used_values = [value for value in (creatinine, weight if adult else height) if value is not None]
    return Kidney(crcl, egfr, ask, any(v.stale for v in used_values) or not used_values, assumed)


def _stage_limit(record: Record, present: dict[str, tuple[Source, ...]]) -> float | None:
    """The highest eGFR that a stated CKD stage allows; None where no stage is stated."""
    if "dialysis" in present:
        return 9.0
    limits = []
    for problem in record.problems:
        if not states.states()["ckd"].named_by(problem.codes, problem.text):
            continue
        match = re.search(r"stage\s*(3a|3b|[345])|([345])\s*期", problem.text.lower())
        code = next((c.code for c in problem.codes if re.fullmatch(r"N18\.[345]\w?", c.code)), "")
        stage = (match.group(1) or match.group(2)) if match else code[4:5]
        if stage in _STAGE_LIMIT:
            limits.append(_STAGE_LIMIT[stage])
    return min(limits, default=None)


def _child_pugh(measured: dict[str, Measured], present: dict[str, tuple[Source, ...]]) -> str:
    """Child-Pugh class where cirrhosis is known and all three values are there; "" otherwise (never guessed).

    Ascites and encephalopathy count as mild where stated and as none where not: the class is a lower limit.
    """
    values = [measured.get(key) for key in ("bilirubin", "albumin", "inr")]
    if "cirrhosis" not in present or any(value is None for value in values):
        return ""
    bilirubin, albumin, inr = (value.value for value in values if value is not None)
    signs = (int("ascites" in present), int("hepatic_encephalopathy" in present))
    return organs.child_pugh_class(organs.child_pugh(bilirubin, albumin, inr, *signs))


def phenotype_in(text: str) -> str:
    """The first phenotype word in a text about a gene; "" where none is said."""
    lowered = text.lower()
    return next((name for name, pattern in _PHENOTYPES if pattern.search(lowered)), "")


def _genes(record: Record, findings: tuple[Finding, ...]) -> dict[str, tuple[str, tuple[Source, ...]]]:
    """Gene symbol -> (phenotype, sources), from gene findings and from observations that state a phenotype."""
    said: list[tuple[str, tuple[Source, ...]]] = [
        (f"{o.text} {o.text_value}", o.sources) for o in record.observations if _GENE.search(f"{o.text} {o.text_value}")
    ]
    for finding in findings:
        if finding.origin is Origin.GENE and finding.status is Status.PRESENT:
            said.append((f"{finding.label.en} {finding.reference}", (finding.source,)))
    found: dict[str, tuple[str, tuple[Source, ...]]] = {}
    for text, sources in said:
        gene = _GENE.search(text)
        phenotype = phenotype_in(text)
        if gene and phenotype:
            found[_symbol(gene.group(1))] = (phenotype, sources)
    return found


def _symbol(gene: str) -> str:
    """HLA alleles as IMGT writes them ("HLA-B5701" -> "HLA-B*57:01"); other symbols as they are."""
    match = re.fullmatch(r"HLA-([AB])\*?(\d\d):?(\d\d)", gene)
    return f"HLA-{match.group(1)}*{match.group(2)}:{match.group(3)}" if match else gene


def measured_label(found: Measured) -> Label:
    """ "creatinine 1.9 mg/dL (2026-11-20)" in both languages."""
    value = f"{found.value:g} {display_unit(found.quantity)}"
    when = f" ({found.time[:10]})" if found.time else ""
    return Label(f"{found.label.en} {value}{when}", f"{found.label.zh} {value}{when}")


def display_unit(quantity: Quantity) -> str:
    """A UCUM unit as people write it."""
    shown = {"mm[Hg]": "mmHg", "mL/min/{1.73_m2}": "mL/min/1.73 m²", "1": "", "10*9/L": "×10⁹/L"}
    return shown.get(quantity.unit, quantity.unit)
