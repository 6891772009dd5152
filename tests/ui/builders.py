"""Synthetic cases made by hand, to look at the window and to test it. Nothing here is clinical reference."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from core.domain.assessment import (
    Abstention,
    Assessment,
    Evidence,
    Hypothesis,
    NextStep,
    RedFlag,
    StepKind,
    Urgency,
)
from core.domain.basics import Citation, Coding, Label, Quantity, Source
from core.domain.case import Case, CaseStatus, FileReport
from core.domain.finding import Finding, Interpretation, Origin, Status
from core.domain.imaging import ImageRef
from core.domain.record import (
    Allergy,
    Event,
    Identifier,
    Medication,
    Note,
    Observation,
    Patient,
    Problem,
    Record,
    Sex,
    Variant,
)
from tests.ui.builders_plan import VERSIONS, explanation, plan

NOW = datetime(2025, 11, 14, 10, 42, tzinfo=UTC)
SOURCE = Source("synthetic.json", "fhir")

NOTE = """Presenting complaint
67-year-old woman with 3 days of productive cough, rusty sputum, fever and right-sided pleuritic chest pain. Denies \
rigors. Breathless on stairs since yesterday. 9 h flight one week ago. No calf pain or swelling, no haemoptysis.

Background
LAD stent July 2025 on aspirin and clopidogrel. CKD G3b, type 2 diabetes, depression. Pneumococcal vaccine 2024. \
Ex-smoker, 20 pack-years. Penicillin anaphylaxis 2011.

Examination
T 38.6 °C, HR 92, BP 118/68, RR 24, SpO₂ 91 % on air. Alert, not confused. Coarse crackles and bronchial breathing at \
the right base. JVP not raised, no ankle oedema."""

LABS = (
    ("CRP", "1988-5", "mg/L", (4, 3, 5, 6, 80, 186), "HH", "C反应蛋白"),
    ("White cells", "6690-2", "10*9/L", (7.1, 6.8, 7.4, 7.0, 9.9, 15.8), "H", "白细胞"),
    ("Creatinine", "2160-0", "umol/L", (104, 110, 112, 118, 121, 126), "H", "肌酐"),
    ("eGFR", "33914-3", "mL/min/{1.73_m2}", (52, 49, 47, 45, 43, 41), "L", "eGFR"),
    ("Urea", "3094-0", "mmol/L", (7.0, 7.2, 7.6, 8.1, 8.4, 8.9), "H", "尿素"),
    ("Lactate", "2524-7", "mmol/L", (1.1, 1.4, 1.2, 1.5, 1.4, 1.6), "N", "乳酸"),
    ("Troponin T", "67151-1", "ng/L", (9, 8, 9, 9, 8, 9), "N", "肌钙蛋白 T"),
)
VITALS = (
    ("SpO₂", "59408-5", "%", (97, 96, 97, 96, 94, 91), "LL"),
    ("Temperature", "8310-5", "Cel", (36.6, 36.7, 36.5, 36.8, 38.1, 38.6), "H"),
    ("QTc", "8636-3", "ms", (448, 451, 455, 462), "H"),
    ("Weight", "29463-7", "kg", (73, 72, 71), "N"),
)


def coding(text: str) -> Coding:
    """A code of our own vocabulary."""
    return Coding("consilium", text.lower().replace(" ", "_"))


def quote(text: str) -> Source:
    """The place of a phrase in the note."""
    start = NOTE.index(text)
    return Source("note.txt", "text", "note-1", start, start + len(text), text)


def observations() -> tuple[Observation, ...]:
    """Laboratory values and vital signs with a history."""
    made = []
    rows = [(*row[:5], "laboratory") for row in LABS] + [(*row, "vital-signs") for row in VITALS]
    for name, loinc, unit, values, flag, category in rows:
        for i, value in enumerate(values):
            last = i == len(values) - 1
            when = NOW - timedelta(days=0 if last else 330 * (len(values) - 1 - i), hours=1)
            made.append(
                Observation(
                    f"{loinc}-{i}",
                    (Coding("LOINC", loinc),),
                    name,
                    (SOURCE,),
                    category,
                    Quantity(value, unit),
                    time=when.isoformat(),
                    flag=flag if last else "",
                    reference_low=min(values) * 0.9,
                    reference_high=sorted(values)[len(values) // 2],
                )
            )
    return tuple(made)


def record() -> Record:
    """TESTPATIENT, Rowan."""
    problems = (
        ("Coronary disease, LAD stent", "I25.1", "2025"),
        ("Chronic kidney disease, G3b", "N18.3", "2022"),
        ("Type 2 diabetes", "E11.2", "2014"),
        ("Depression", "F32.1", "2019"),
        ("Hypercholesterolaemia", "E78.0", "2012"),
        ("Osteoarthritis of the knee", "M17.1", "2018"),
    )
    medicines = (
        ("Clopidogrel", "75 mg daily"),
        ("Aspirin", "81 mg daily"),
        ("Citalopram", "40 mg daily"),
        ("Simvastatin", "40 mg night"),
        ("Metformin", "1 g twice daily"),
        ("Ramipril", "5 mg daily"),
        ("Omeprazole", "20 mg daily"),
    )
    return Record(
        patient=Patient(
            "TESTPATIENT, Rowan",
            date(1958, 3, 2),
            Sex.FEMALE,
            identifiers=(Identifier("MRN", "SYN-004217"),),
            synthetic=True,
        ),
        problems=tuple(
            Problem(f"p{i}", (Coding("ICD-10", code),), text, (SOURCE,), "active", onset)
            for i, (text, code, onset) in enumerate(problems)
        ),
        medications=tuple(
            Medication(text.lower(), (coding(text),), text, (SOURCE,), "active", dosage) for text, dosage in medicines
        ),
        allergies=(
            Allergy("a1", (), "PENICILLIN", (SOURCE,), reactions=("anaphylaxis",), criticality="high", onset="2011"),
            Allergy("a2", (), "codeine", (SOURCE,), kind="intolerance", reactions=("vomiting",), criticality="low"),
        ),
        observations=observations(),
        events=(
            Event("e1", "procedure", (), "PCI, drug-eluting stent to LAD", (SOURCE,), "2025-07-09"),
            Event("e2", "encounter", (), "Flight 9 h, patient-reported", (SOURCE,), "2025-11-07"),
        ),
        notes=(Note("note-1", NOTE, Source("note.txt", "text"), "en", "ED note", "2025-11-14T08:55:00+00:00"),),
        variants=(Variant("v1", "CYP2C19", (SOURCE,), genotype="*2/*2"),),
    )


def evidence(text: str, weight: float, origin: Origin = Origin.NOTE, detail: str = "", zh: str = "") -> Evidence:
    """One finding's share; weight 0 is unknown."""
    return Evidence(coding(text), Label(text, zh), weight, origin, f"f-{text}" if weight else "", detail)


def hypothesis(
    name: str, zh: str, code: str, p: float, interval: tuple[float, float], *, cant_miss: bool = False
) -> Hypothesis:
    """A hypothesis without evidence."""
    return Hypothesis(
        name.lower().replace(" ", "_"),
        Label(name, zh),
        (Coding("ICD-10", code),),
        "common",
        p,
        interval,
        -2.0,
        0.0,
        cant_miss=cant_miss,
        sources=(Citation("ATS/IDSA guideline", 2019),),
    )


def assessment() -> Assessment:
    """Seven hypotheses."""
    first = replace(
        hypothesis("Pneumonia, right lower lobe", "社区获得性肺炎，右下叶", "J18.1", 0.71, (0.62, 0.79)),
        evidence_for=(
            evidence("RLZ opacity on CR", 0.92, Origin.IMAGE, "0.83", "右下肺实变"),
            evidence("CRP 186", 0.44, Origin.LABORATORY, "186 mg/L"),
            evidence("Fever 38.6 °C", 0.31, Origin.VITAL, "38.6 °C", "发热 38.6 °C"),
            evidence("Productive cough", 0.48, zh="咳痰"),
            evidence("WBC 15.8", 0.27, Origin.LABORATORY, "15.8", "白细胞 15.8"),
        ),
        evidence_against=(evidence("Pneumococcal vaccine 2024", -0.17), evidence("No rigors", -0.19, zh="无寒战")),
        unknown=(evidence("Sputum culture", 0, zh="痰培养"), evidence("Procalcitonin", 0, zh="降钙素原")),
    )
    second = replace(
        hypothesis("Pulmonary embolism", "肺栓塞", "I26.9", 0.14, (0.08, 0.23), cant_miss=True),
        evidence_for=(
            evidence("Pleuritic pain", 0.5),
            evidence("Flight 9 h, 7 days ago", 0.4),
            evidence("SpO₂ 91", 0.3),
        ),
        evidence_against=(evidence("Fever + lobar opacity", -0.6), evidence("HR 92", -0.1)),
        unknown=(evidence("D-dimer", 0), evidence("Leg signs", 0)),
    )
    others = (
        hypothesis("Acute heart failure", "急性心力衰竭", "I50.9", 0.09, (0.05, 0.15)),
        hypothesis("Lung cancer, post-obstructive", "肺癌伴阻塞性肺炎", "C34.3", 0.06, (0.02, 0.12), cant_miss=True),
        hypothesis("Organising pneumonia", "机化性肺炎", "J84.8", 0.03, (0.01, 0.07)),
        hypothesis("Tuberculosis", "肺结核", "A15.0", 0.02, (0.0, 0.05)),
        hypothesis("Alpha-1 antitrypsin deficiency", "α1-抗胰蛋白酶缺乏症", "E88.0", 0.01, (0.0, 0.02)),
    )
    steps = (
        (StepKind.TEST, "D-dimer, age-adjusted", "D-二聚体（按年龄校正）", 0.41, "Pending"),
        (StepKind.IMAGE, "CT pulmonary angiogram", "CT 肺动脉造影", 0.38, "eGFR 41"),
        (StepKind.ASK, "Calf swelling, past clots?", "小腿肿胀、血栓史？", 0.22, ""),
        (StepKind.TEST, "NT-proBNP", "NT-proBNP", 0.18, ""),
        (StepKind.TEST, "Urine antigens, pneumococcus + Legionella", "尿抗原", 0.16, ""),
    )
    return Assessment(
        "as-1",
        (NOW - timedelta(seconds=5)).isoformat(),
        (first, second, *others),
        0.02,
        red_flags=(
            RedFlag(
                "RF-PE",
                Label("PE not excluded", "未排除肺栓塞"),
                Label("D-dimer or CT before discharge", "出院前查 D-二聚体或 CT"),
                Urgency.URGENT,
                (),
                Citation("ESC", 2019),
            ),
        ),
        next_steps=tuple(
            NextStep(kind, coding(en), Label(en, zh), gain, ("pulmonary_embolism",), caution=Label(caution))
            for kind, en, zh, gain, caution in steps
        ),
        urgency=Urgency.URGENT,
        versions=VERSIONS,
        seconds=4.8,
    )


def findings() -> tuple[Finding, ...]:
    """Findings with their places in the note."""
    made = []
    for text, status in (
        ("productive cough", Status.PRESENT),
        ("rusty sputum", Status.PRESENT),
        ("fever", Status.PRESENT),
        ("pleuritic chest pain", Status.PRESENT),
        ("Denies rigors", Status.ABSENT),
        ("9 h flight", Status.PRESENT),
        ("no haemoptysis", Status.ABSENT),
        ("Ex-smoker", Status.PRESENT),
        ("Coarse crackles", Status.PRESENT),
        ("bronchial breathing", Status.PRESENT),
    ):
        made.append(Finding(f"f-{text}", coding(text), Label(text), status, Origin.NOTE, quote(text)))
    crp = Finding(
        "f-CRP 186",
        coding("crp_high"),
        Label("CRP 186", "CRP 186"),
        Status.PRESENT,
        Origin.LABORATORY,
        SOURCE,
        also=(Coding("LOINC", "1988-5"),),
        quantity=Quantity(186, "mg/L"),
        interpretation=Interpretation.CRITICAL_HIGH,
    )
    return (*made, crp)


def image(path: str = "") -> ImageRef:
    """A chest film."""
    return ImageRef(
        "img-1",
        path,
        modality="CR",
        view="PA",
        body_part="CHEST",
        age_years=67,
        rows=512,
        columns=512,
        description="CR chest PA",
        time="2025-11-14T09:12:00+00:00",
    )


def rowan(*, film: str = "") -> Case:
    """The case of the pictures."""
    return Case(
        "c-rowan",
        (NOW - timedelta(hours=2)).isoformat(),
        NOW.isoformat(),
        CaseStatus.TO_REVIEW,
        "Cough, fever 38.6 °C and right pleuritic chest pain for 3 days",
        record(),
        (image(film),) if film else (),
        (FileReport("synthetic.json", "fhir", (("observations", 44),)),),
        findings(),
        assessment=assessment(),
        explanation=explanation(),
        plan=plan(),
        working_diagnosis="",
    )


def simple(key: str, name: str, birth: date | None, sex: Sex, reason: str, **changes: object) -> Case:
    """A case with little in it."""
    who = Patient(name, birth, sex, identifiers=(Identifier("MRN", f"SYN-{key}"),), synthetic=True)
    notes = (Note(f"n-{key}", reason, Source("note.txt", "text"), "en", "Note", NOW.isoformat()),)
    minutes = int(key) % 60
    case = Case(
        f"c-{key}",
        NOW.isoformat(),
        (NOW - timedelta(minutes=minutes)).isoformat(),
        reason=reason,
        record=Record(who, notes=notes),
    )
    return replace(case, **changes)


def small_assessment(
    name: str, zh: str, p: float, interval: tuple[float, float], flag: str = "", *, emergency: bool = False
) -> Assessment:
    """One hypothesis, perhaps a red flag."""
    level = Urgency.EMERGENCY if emergency else Urgency.URGENT
    flags = (RedFlag("RF", Label(flag), Label("Act"), level, (), Citation("expert estimate")),) if flag else ()
    found = hypothesis(name, zh, "X00", p, interval)
    return Assessment(f"as-{name}", NOW.isoformat(), (found,), 0.05, flags, versions=VERSIONS, seconds=1.2)


def no_estimate() -> Assessment:
    """An engine that abstained."""
    why = Label("The case lies outside the range the engine was built for.", "病例超出模型适用范围。")
    return Assessment("as-none", NOW.isoformat(), (), 1.0, abstentions=(Abstention("common", why),), versions=VERSIONS)


def cases(*, film: str = "") -> tuple[Case, ...]:
    """A worklist."""
    review = {"status": CaseStatus.TO_REVIEW}
    return (
        rowan(film=film),
        simple(
            "004221",
            "SAMPLESEN, Ivo",
            date(1971, 5, 1),
            Sex.MALE,
            "Tearing chest pain, arm BP difference 28 mmHg",
            assessment=small_assessment(
                "Acute aortic dissection", "急性主动脉夹层", 0.63, (0.52, 0.73), "Time-critical", emergency=True
            ),
            **review,
        ),
        simple(
            "004219",
            "DEMO-ARCHER, Lin",
            date(1991, 2, 3),
            Sex.FEMALE,
            "Headache at 32 weeks pregnant, BP 168/104",
            assessment=small_assessment(
                "Pre-eclampsia, severe features", "重度子痫前期", 0.88, (0.81, 0.92), "Severe BP"
            ),
            **review,
        ),
        simple(
            "004224",
            "SPECIMEN, Jude",
            date(1996, 6, 6),
            Sex.MALE,
            "Fatigue, thirst, vomiting for 2 days",
            assessment=small_assessment("Diabetic ketoacidosis", "糖尿病酮症酸中毒", 0.79, (0.7, 0.85), "pH 7.12"),
            **review,
        ),
        simple(
            "004223",
            "EXAMPLE, Noor",
            date(2022, 6, 6),
            Sex.MALE,
            "Seizures with fever, developmental delay",
            assessment=small_assessment("SCN1A-related epilepsy", "SCN1A 相关癫痫", 0.47, (0.3, 0.61)),
            **review,
        ),
        simple(
            "004218",
            "TESTFALL, Greta",
            date(1943, 6, 6),
            Sex.FEMALE,
            "Fall, right hip pain, cannot bear weight",
            assessment=small_assessment("Femoral neck fracture", "股骨颈骨折", 0.91, (0.85, 0.93)),
            **review,
        ),
        simple(
            "004211",
            "STUBBS-SAMPLE, Ida",
            date(1985, 6, 6),
            Sex.FEMALE,
            "Joint pain, facial rash, proteinuria",
            assessment=no_estimate(),
            **review,
        ),
        simple("004227", "样例，明", date(1967, 6, 6), Sex.FEMALE, "乏力、体重减轻 3 个月"),
        simple("004228", "NULLMAN, Peri", date(1949, 6, 6), Sex.MALE, "Breathlessness, ankle swelling"),
        simple(
            "004230",
            "ZIP, 148 files",
            None,
            Sex.UNKNOWN,
            "146 files read, 2 DICOM files unreadable",
            status=CaseStatus.IMPORT_ERROR,
            files=(FileReport("USB-2/study_07.zip", "dicom", error="Transfer syntax not supported"),),
        ),
        simple(
            "004209",
            "FIXTURE, Omar",
            date(1964, 6, 6),
            Sex.MALE,
            "Lung screening CT",
            status=CaseStatus.SIGNED,
            signed_by="Dr A. Example",
            signed_at=NOW.isoformat(),
            assessment=small_assessment("Benign nodule, 4 mm", "良性结节 4 mm", 0.84, (0.77, 0.88)),
        ),
    )
