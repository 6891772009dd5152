"""A synthetic case with something in every part, for the tests of store and report."""

# ruff: noqa: E501  rows of sample data read better whole

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from core.domain import assessment as a
from core.domain import explanation as e
from core.domain import plan as p
from core.domain.basics import Citation, Coding, Label, Quantity, Source, Version
from core.domain.case import Case, CaseStatus, FileReport
from core.domain.finding import Finding, Interpretation, Origin, Status
from core.domain.imaging import ImagePrediction, ImageRef, Measurement, NoEstimate
from core.domain.record import Allergy, Identifier, Medication, Note, Observation, Patient, Problem, Record, Sex

NOTE = "Cough and fever for 3 days, right pleuritic pain. Denies rigors. 右下肺见结节影，大小约8mm，无胸腔积液。"
SECRETS = ("TESTPATIENT", "Rowan", "SYN-004217", "pleuritic", "结节影", "clopidogrel")
"""Words of the case that must never lie readable on the disk."""
_CITE = Citation("Expert estimate", 2026)
_PACK = Version("cxr-pneumonia", "1.0.0", "ab" * 32)
_SRC = Source("note.txt", "text", "n1", 0, 5, "Cough")


class Ticking:
    """A clock that advances one second a reading."""

    def __init__(self, start: datetime = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def finding(code: str, en: str, zh: str, **more: object) -> Finding:
    base = Finding(f"f-{code}", Coding("consilium", code), Label(en, zh), Status.PRESENT, Origin.NOTE, _SRC)
    return replace(base, **more)  # type: ignore[arg-type]


def evidence(code: str, en: str, zh: str, weight: float, **more: object) -> a.Evidence:
    base = a.Evidence(Coding("consilium", code), Label(en, zh), weight, Origin.NOTE, f"f-{code}")
    return replace(base, **more)  # type: ignore[arg-type]


def record() -> Record:
    patient = Patient(
        name="TESTPATIENT, Rowan",
        birth_date=date(1959, 3, 4),
        sex=Sex.FEMALE,
        identifiers=(Identifier("hospital", "SYN-004217"),),
        synthetic=True,
    )
    crp = Observation(
        "o1",
        (Coding("LOINC", "1988-5", "CRP"),),
        "CRP",
        (_SRC,),
        "laboratory",
        Quantity(186.0, "mg/L"),
        time="2026-11-21",
    )
    return Record(
        patient=patient,
        problems=(Problem("p1", (Coding("ICD-10", "I10"),), "Hypertension", (_SRC,), "active"),),
        medications=(Medication("m1", (Coding("RxNorm", "32968"),), "clopidogrel 75 mg", (_SRC,), "active"),),
        allergies=(Allergy("a1", (), "Penicillin", (_SRC,), reactions=("anaphylaxis",), criticality="high"),),
        observations=(crp,),
        notes=(Note("n1", NOTE, Source("note.txt", "text"), "en", "Admission note"),),
    )


def findings() -> tuple[Finding, ...]:
    return (
        finding("cough", "Cough", "咳嗽", also=(Coding("HP", "HP:0012735"),)),
        finding("fever", "Fever", "发热", duration=Quantity(3, "d")),
        finding("rigors", "Rigors", "寒战", status=Status.ABSENT),
        finding(
            "crp_high",
            "CRP raised",
            "C反应蛋白升高",
            origin=Origin.LABORATORY,
            quantity=Quantity(186.0, "mg/L"),
            interpretation=Interpretation.HIGH,
            reference="0-5 mg/L",
        ),
        finding(
            "opacity",
            "Opacity, right lower zone",
            "右下肺野密度增高影",
            origin=Origin.IMAGE,
            confidence=0.83,
            logit_shift=1.6,
        ),
    )


def assessment() -> a.Assessment:
    for_ = (
        evidence("opacity", "Opacity, right lower zone", "右下肺野密度增高影", 1.6, origin=Origin.IMAGE),
        evidence("fever", "Fever", "发热", 0.9),
        evidence("crp_high", "CRP raised", "C反应蛋白升高", 0.8, origin=Origin.LABORATORY, detail="186 mg/L"),
        evidence("cough", "Cough", "咳嗽", 0.5),
    )
    against = (evidence("rigors", "No rigors", "无寒战", -0.3),)
    unknown = (evidence("sputum", "Sputum colour", "痰色", 0.4, finding_id=""),)
    pneumonia = a.Hypothesis(
        "pneumonia", Label("Pneumonia, right lower lobe", "右下叶肺炎"), (Coding("ICD-10", "J18.1"),), "common",
        0.71, (0.63, 0.78), -2.6, 0.9, for_, against, unknown, urgency=a.Urgency.URGENT, sources=(_CITE,),
    )  # fmt: skip
    embolism = a.Hypothesis(
        "pulmonary_embolism", Label("Pulmonary embolism", "肺栓塞"), (Coding("ICD-10", "I26.9"),), "common",
        0.14, (0.08, 0.24), -3.0, -1.8, (evidence("pleuritic_pain", "Pleuritic pain", "胸膜性胸痛", 1.2),), (), (),
        cant_miss=True, urgency=a.Urgency.EMERGENCY, sources=(_CITE,),
    )  # fmt: skip
    flag = a.RedFlag(
        "pe_not_excluded", Label("PE not excluded", "肺栓塞未排除"), Label("Measure D-dimer or image.", "查D-二聚体或行影像检查。"),
        a.Urgency.URGENT, ("f-cough",), _CITE,
    )  # fmt: skip
    step = a.NextStep(
        a.StepKind.TEST,
        Coding("consilium", "d_dimer"),
        Label("D-dimer", "D-二聚体"),
        0.31,
        ("pulmonary_embolism",),
        0.3,
    )
    return a.Assessment(
        "as1", "2026-11-22T08:00:00+00:00", (pneumonia, embolism), 0.15, (flag,), (step,),
        (a.Abstention("rare", Label("No rare-disease pattern in the findings.", "未见罕见病表型。")),),
        a.Urgency.URGENT, (Version("common-conditions", "2026.11", "cd" * 32), _PACK), "ef" * 32, 0.42,
    )  # fmt: skip


def explanation() -> e.Explanation:
    values = (("opacity", "Opacity, right lower zone", "右下肺野密度增高影", Origin.IMAGE, 1.6), ("fever", "Fever", "发热", Origin.NOTE, 0.9),
              ("crp_high", "CRP raised", "C反应蛋白升高", Origin.LABORATORY, 0.8), ("cough", "Cough", "咳嗽", Origin.NOTE, 0.5),
              ("rigors", "No rigors", "无寒战", Origin.NOTE, -0.3))  # fmt: skip
    parts = tuple(e.Contribution(f"f-{c}", Label(en, zh), origin, value) for c, en, zh, origin, value in values)
    passed = e.Check(Label("Additivity", "可加性"), 2e-16, passed=True, text="below 1e-6")
    failed = e.Check(Label("Stability", "稳定性"), 0.41, passed=False, text="below 0.7")
    first = e.FindingExplanation("pneumonia", -2.6, 0.9, parts, 2e-16, "exact (additive)", 5, 0.01, (passed,))
    grid = tuple(1.2 if (r, c) in ((4, 2), (5, 2), (5, 1)) else -0.1 for r in range(7) for c in range(7))
    image = e.ImageExplanation(
        "img1", Label("Pneumonia", "肺炎"), _PACK, "Owen values (shap)", 7, 7, grid, (0.05,) * 49, (10.0, 8.0, 210.0, 208.0),
        -0.4, 1.58, 3e-7, "blur", 500, 3.2, 7, 0.41,
        (e.Curve("deletion", (0.0, 0.5, 1.0), (0.8, 0.3, 0.1), 0.37),), (failed,), "CPUExecutionProvider",
    )  # fmt: skip
    return e.Explanation("as1", (first,), (image,))


def plan() -> p.Plan:
    stop = p.Alert(
        "al1", p.Tier.STOP, "allergy", "allergy-penicillin", Label("Amoxicillin: penicillin anaphylaxis", "阿莫西林：青霉素过敏性休克史"),
        Label("The record states anaphylaxis to penicillin.", "病历记载对青霉素过敏性休克。"), Label("Choose another class.", "改用其他类别。"),
        ("amoxicillin",), _CITE, (Label("Penicillin allergy", "青霉素过敏"),), proposed=True,
    )  # fmt: skip
    caution = p.Alert(
        "al2", p.Tier.CAUTION, "renal", "renal-levofloxacin", Label("Levofloxacin: eGFR 41", "左氧氟沙星：eGFR 41"),
        Label("Excreted by the kidney.", "经肾排泄。"), Label("Reduce the dose.", "减量。"), ("levofloxacin",), _CITE, proposed=True,
    )  # fmt: skip
    amoxicillin = _option("op1", "Amoxicillin", "阿莫西林", ("al1",), stopped=True, dose=None)
    levofloxacin = _option(
        "op2", "Levofloxacin", "左氧氟沙星", ("al2",), stopped=False, dose=Label("250 mg once a day", "250 mg 每日一次")
    )
    return p.Plan(
        "pl1", "2026-11-22T08:00:01+00:00", "pneumonia", Label("Pneumonia", "肺炎"), (levofloxacin, amoxicillin), (stop, caution),
        (p.MedicineChange("m1", Label("Keep clopidogrel", "继续氯吡格雷"), Label("No interaction known.", "未见相互作用。"), _CITE),),
        None, (p.MonitoringItem(Label("Temperature", "体温"), (24.0, 48.0), decide=True),), (Label("SpO2 below 90 %", "SpO2 低于 90 %"),),
        Label("You have a lung infection.", "您患有肺部感染。"), (Label("Nothing is known about legionella here.", "本表未覆盖军团菌。"),),
        (Version("plans", "2026.11"),),
    )  # fmt: skip


def _option(id_: str, en: str, zh: str, alerts: tuple[str, ...], *, stopped: bool, dose: Label | None) -> p.PlanOption:
    drug = p.DrugDose(
        en.lower(), Label(en, zh), Label("usual dose", "常用剂量"), dose,
        (p.DoseInput(Label("eGFR", "eGFR"), Quantity(41.0, "mL/min/{1.73_m2}"), "2026-11-21"),),
        () if dose else (Label("weight", "体重"),), route="oral", sources=(_CITE,),
    )  # fmt: skip
    reasons = (
        p.Reason(Label("First line in the guideline", "指南一线"), 0.8),
        p.Reason(Label("Kidney function", "肾功能"), -0.4),
    )
    return p.PlanOption(
        id_, Label(en, zh), Label("Pneumonia", "肺炎"), "first", (drug,), reasons, 0.6, (0.5, 0.7), stopped, alerts, (_CITE,),
        (Label("Fluids", "补液"),),
    )  # fmt: skip


def case(id_: str = "case-1", **more: object) -> Case:
    image = ImageRef(
        "img1", "film.dcm", modality="DX", view="PA", age_years=67, rows=220, columns=220, sha256="12" * 32
    )
    whole = Case(
        id_,
        "2026-11-22T07:59:00.000+00:00",
        "",
        CaseStatus.TO_REVIEW,
        "Cough, fever, right pleuritic pain, 3 days",
        record(),
        (image,),
        (
            FileReport("note.txt", "text", (("notes", 1),), (), "", "34" * 32),
            FileReport("x.bin", "unknown", error="not a known format"),
        ),
        findings(),
        (
            ImagePrediction(
                "img1", _PACK, Coding("consilium", "opacity"), Label("Pneumonia", "肺炎"), 0.83, (0.75, 0.9), 1.58, 0.1
            ),
        ),
        (
            NoEstimate(
                "img1", _PACK, "view", Label("A lateral view is outside the validated domain.", "侧位片超出验证范围。")
            ),
        ),
        assessment(),
        explanation(),
        plan(),
        (Measurement("me1", "img1", "length", ((10.0, 10.0), (60.0, 60.0)), (("length", Quantity(21.2, "mm")),)),),
    )
    return replace(whole, **more)  # type: ignore[arg-type]
