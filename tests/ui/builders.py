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
from core.domain.basics import Citation, Coding, Label, Quantity, Source, Version
from core.domain.case import Case, CaseStatus, FileReport
from core.domain.explanation import (
    Check,
    Contribution,
    Curve,
    Explanation,
    FindingExplanation,
    ImageExplanation,
)
from core.domain.finding import Finding, Interpretation, Origin, Status
from core.domain.imaging import ImageRef
from core.domain.plan import (
    Alert,
    DoseInput,
    DrugDose,
    Matrix,
    MatrixCell,
    MedicineChange,
    MonitoringItem,
    Plan,
    PlanOption,
    Reason,
    Tier,
)
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

NOW = datetime(2025, 11, 14, 10, 42, tzinfo=UTC)
SOURCE = Source("synthetic.json", "fhir")
VERSIONS = (Version("common", "1.0.0", "9f2c41ae"),)

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
        evidence_for=(evidence("Pleuritic pain", 0.5), evidence("Flight 9 h, 7 days ago", 0.4), evidence("SpO₂ 91", 0.3)),
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


def explanation() -> Explanation:
    """Shapley values of the first hypothesis, and an image map."""
    rows = (
        ("CR: opacity, right lower zone", Origin.IMAGE, 0.92, "0.83 area score"),
        ("productive cough", Origin.NOTE, 0.48, "present"),
        ("CRP", Origin.LABORATORY, 0.44, "186 mg/L"),
        ("Temperature", Origin.VITAL, 0.31, "38.6 °C"),
        ("White cells", Origin.LABORATORY, 0.27, "15.8 ×10⁹/L"),
        ("Denies rigors", Origin.NOTE, -0.19, "absent"),
        ("Pneumococcal vaccine", Origin.HISTORY, -0.17, "2024-10"),
        ("9 h flight", Origin.NOTE, -0.14, "7 days ago"),
        ("SpO₂", Origin.VITAL, 0.12, "91 %"),
        ("Age", Origin.DEMOGRAPHIC, 0.09, "67 y"),
        ("rusty sputum", Origin.NOTE, 0.05, "present"),
        ("Coarse crackles", Origin.NOTE, 0.04, "present"),
    )
    contributions = tuple(Contribution(f"f-{n}", Label(n), o, v, d) for n, o, v, d in rows)
    total = sum(c.value for c in contributions)
    share = tuple(i / 20 for i in range(21))
    curves = (
        Curve("deletion", share, tuple(0.71 * 0.75 ** (i * 0.8) + 0.15 for i in range(21)), 0.27),
        Curve("insertion", share, tuple(0.71 - 0.6 * 0.7**i for i in range(21)), 0.65),
        Curve("random", share, tuple(0.71 - 0.02 * i for i in range(21)), 0.5),
    )
    grid = tuple(0.3 if (r > 8 and c < 5) else 0.01 for r in range(14) for c in range(14))
    return Explanation(
        "as-1",
        (
            FindingExplanation(
                "pneumonia,_right_lower_lobe",
                -1.32,
                -1.32 + total,
                contributions,
                3.1e-9,
                "Exact Shapley values",
                2048,
                0.4,
                (Check(Label("Additivity error", "可加性误差"), 3.1e-9, True),),
                VERSIONS,
            ),
        ),
        (
            ImageExplanation(
                "img-1",
                Label("Opacity", "实变"),
                VERSIONS[0],
                "Owen values",
                14,
                14,
                grid,
                tuple(0.01 for _ in grid),
                (0, 0, 512, 512),
                -1.0,
                2.0,
                1e-4,
                "blur",
                2048,
                6.4,
                20251114,
                0.93,
                curves,
                (
                    Check(Label("Deletion AUC", "删除曲线下面积"), 0.27, True),
                    Check(Label("Insertion AUC", "插入曲线下面积"), 0.65, True),
                    Check(Label("Rank stability, 5 seeds", "排序稳定性"), 0.93, True),
                    Check(Label("Random-weights check", "随机权重检验"), 1.0, False, "values barely change"),
                ),
                "CPU",
            ),
        ),
    )


def plan() -> Plan:
    """Three options, alerts in all tiers, a matrix, monitoring."""
    cite = Citation("ATS/IDSA guideline", 2019)
    ask = (Label("Creatinine from the last 7 days", "7 天内的肌酐"),)
    dose = (DoseInput(Label("Creatinine clearance", "肌酐清除率"), Quantity(43, "mL/min"), NOW.isoformat()),)
    options = (
        PlanOption(
            "o1",
            Label("Ceftriaxone + doxycycline", "头孢曲松 + 多西环素"),
            Label("Inpatient pneumonia where macrolide and quinolone are unsuitable"),
            "first",
            (
                DrugDose("ceftriaxone", Label("Ceftriaxone", "头孢曲松"), Label("1–2 g IV q24h"), Label("2 g IV q24h"), dose,
                         adjustment=Label("no renal change needed at CrCl 43")),
                DrugDose("doxycycline", Label("Doxycycline", "多西环素"), Label("100 mg PO q12h"), Label("100 mg PO q12h"),
                         adjustment=Label("no renal change needed")),
            ),
            (
                Reason(Label("No QT effect"), 0.8),
                Reason(Label("Covers atypicals"), 0.6),
                Reason(Label("Penicillin anaphylaxis: observe first dose"), -0.4),
                Reason(Label("Culture pending"), 0.0, True),
            ),
            0.82, (0.74, 0.88), False, ("al4",), (cite,), (Label("Oxygen to SpO₂ 94–98 %"),),
        ),
        PlanOption(
            "o2", Label("Levofloxacin alone", "左氧氟沙星单药"), Label("Alternative"), "second",
            (DrugDose("levofloxacin", Label("Levofloxacin", "左氧氟沙星"), Label("750 mg q24h"), None, (), ask),),
            (Reason(Label("QTc 462 + citalopram"), -0.9), Reason(Label("One drug, oral switch"), 0.4)),
            0.41, (0.30, 0.53), False, ("al3",), (cite,),
        ),
        PlanOption(
            "o3", Label("Amoxicillin-clavulanate + clarithromycin", "阿莫西林克拉维酸 + 克拉霉素"), Label("Usual first line"),
            "first", (), (Reason(Label("Penicillin anaphylaxis"), -3.0),), 0.05, (0.01, 0.1), True, ("al1", "al2"), (cite,),
        ),
    )  # fmt: skip

    def alert(key: str, tier: Tier, kind: str, title: str, detail: str, *drugs: str) -> Alert:
        action = Label("Do not give" if tier is Tier.STOP else "Review")
        return Alert(key, tier, kind, f"{kind[:3].upper()}-0{key[-1]}", Label(title), Label(detail), action, drugs, cite)

    alerts = (
        alert("al1", Tier.STOP, "allergy", "Amoxicillin-clavulanate, penicillin anaphylaxis 2011", "Allergy record, confirmed 2011", "amoxicillin"),
        alert("al2", Tier.STOP, "interaction", "Clarithromycin + simvastatin", "Rhabdomyolysis, CYP3A4", "clarithromycin", "simvastatin"),
        alert("al3", Tier.CAUTION, "qt", "Levofloxacin + citalopram, QTc 462", "Torsades risk, repeat ECG if used", "levofloxacin", "citalopram"),
        alert("al4", Tier.CAUTION, "allergy", "Ceftriaxone, penicillin anaphylaxis", "Different side chain, low cross-reaction; observe first dose", "ceftriaxone"),
        alert("al5", Tier.CAUTION, "renal", "Metformin at eGFR 41", "Do not exceed 1 g a day", "metformin"),
        alert("al6", Tier.INFO, "imaging", "Repeat CR chest at 6 weeks", "Age over 50, ex-smoker, new opacity"),
    )  # fmt: skip
    names = ("Clopidogrel", "Aspirin", "Citalopram", "Simvastatin", "Metformin", "Ramipril", "Omeprazole")
    proposed = ("Ceftriaxone", "Doxycycline", "Levofloxacin", "Amox-clav.", "Clarithromycin")
    factors = (Label("Penicillin anaphylaxis", "青霉素过敏性休克"), Label("eGFR 41, CrCl 43"), Label("QTc 462 ms"))
    matrix = Matrix(
        factors,
        tuple(n.lower() for n in names),
        tuple(n.lower() for n in proposed),
        (
            MatrixCell("Penicillin anaphylaxis", "amox-clav.", Tier.STOP, "al1"),
            MatrixCell("Penicillin anaphylaxis", "ceftriaxone", Tier.CAUTION, "al4"),
            MatrixCell("simvastatin", "clarithromycin", Tier.STOP, "al2"),
            MatrixCell("citalopram", "levofloxacin", Tier.CAUTION, "al3"),
            MatrixCell("eGFR 41, CrCl 43", "metformin", Tier.CAUTION, "al5"),
            MatrixCell("QTc 462 ms", "citalopram", Tier.CAUTION, "al3"),
            MatrixCell("clopidogrel", "aspirin", Tier.INFO, "al6"),
        ),
        tuple((n.lower(), Label(n)) for n in (*names, *proposed)),
    )
    return Plan(
        "plan-1",
        NOW.isoformat(),
        "pneumonia,_right_lower_lobe",
        Label("Pneumonia, non-severe, in hospital", "肺炎，非重症，住院"),
        options,
        alerts,
        (
            MedicineChange("clopidogrel", Label("Clopidogrel → ticagrelor 90 mg q12h"), Label("CYP2C19 *2/*2, stent 4 months ago · ask cardiology first"), Citation("CPIC", 2022), "gene"),
            MedicineChange("citalopram", Label("Citalopram 40 → 20 mg"), Label("Maximum 20 mg: poor metaboliser and age over 60"), Citation("FDA label", 2024), "gene"),
            MedicineChange("metformin", Label("Metformin 2 g → 1 g per day"), Label("eGFR 41: do not exceed 1 g"), Citation("KDIGO", 2022), "renal"),
        ),
        matrix,
        (
            MonitoringItem(Label("SpO₂, RR, BP, pulse", "SpO₂、呼吸、血压、脉搏"), (0, 6, 24, 48, 72), done_h=(0,)),
            MonitoringItem(Label("CRP, white cells", "CRP、白细胞"), (0, 48, 120), done_h=(0,)),
            MonitoringItem(Label("Creatinine, potassium", "肌酐、血钾"), (0, 24, 48, 120), done_h=(0,)),
            MonitoringItem(Label("Switch IV to oral?", "静脉转口服？"), (48, 72), decide=True),
            MonitoringItem(Label("CR chest, clearance", "胸片复查"), (1008,)),
        ),
        (Label("RR ≥ 30"), Label("systolic BP < 90"), Label("new confusion"), Label("SpO₂ < 90 % on 4 L")),
        Label(
            "You have an infection in the lower part of your right lung. It is called pneumonia. We chose two antibiotics "
            "with your penicillin allergy in mind. We will watch you closely after the first dose.\n\nA blood test will tell "
            "us if you need a scan to look for a clot. Tell us at once if breathing gets harder.",
            "您的右肺下部有感染，称为肺炎。考虑到您对青霉素过敏，我们选用了两种抗生素，首次用药后会密切观察您。\n\n"
            "验血结果会告诉我们是否需要做扫描来排除血栓。如果呼吸更困难，请立即告诉我们。",
        ),
        (Label("No rule is known for this combination: ramipril + doxycycline"),),
        VERSIONS,
    )  # fmt: skip


def image(path: str = "") -> ImageRef:
    """A chest film."""
    return ImageRef("img-1", path, modality="CR", view="PA", body_part="CHEST", age_years=67, rows=512, columns=512,
                    description="CR chest PA", time="2025-11-14T09:12:00+00:00")  # fmt: skip


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
    case = Case(f"c-{key}", NOW.isoformat(), (NOW - timedelta(minutes=minutes)).isoformat(), reason=reason,
                record=Record(who, notes=notes))  # fmt: skip
    return replace(case, **changes)


def small_assessment(name: str, zh: str, p: float, interval: tuple[float, float], flag: str = "", *,
                     emergency: bool = False) -> Assessment:  # fmt: skip
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
        simple("004221", "SAMPLESEN, Ivo", date(1971, 5, 1), Sex.MALE, "Tearing chest pain, arm BP difference 28 mmHg",
               assessment=small_assessment("Acute aortic dissection", "急性主动脉夹层", 0.63, (0.52, 0.73), "Time-critical", emergency=True), **review),
        simple("004219", "DEMO-ARCHER, Lin", date(1991, 2, 3), Sex.FEMALE, "Headache at 32 weeks pregnant, BP 168/104",
               assessment=small_assessment("Pre-eclampsia, severe features", "重度子痫前期", 0.88, (0.81, 0.92), "Severe BP"), **review),
        simple("004224", "SPECIMEN, Jude", date(1996, 6, 6), Sex.MALE, "Fatigue, thirst, vomiting for 2 days",
               assessment=small_assessment("Diabetic ketoacidosis", "糖尿病酮症酸中毒", 0.79, (0.7, 0.85), "pH 7.12"), **review),
        simple("004223", "EXAMPLE, Noor", date(2022, 6, 6), Sex.MALE, "Seizures with fever, developmental delay",
               assessment=small_assessment("SCN1A-related epilepsy", "SCN1A 相关癫痫", 0.47, (0.3, 0.61)), **review),
        simple("004218", "TESTFALL, Greta", date(1943, 6, 6), Sex.FEMALE, "Fall, right hip pain, cannot bear weight",
               assessment=small_assessment("Femoral neck fracture", "股骨颈骨折", 0.91, (0.85, 0.93)), **review),
        simple("004211", "STUBBS-SAMPLE, Ida", date(1985, 6, 6), Sex.FEMALE, "Joint pain, facial rash, proteinuria",
               assessment=no_estimate(), **review),
        simple("004227", "样例，明", date(1967, 6, 6), Sex.FEMALE, "乏力、体重减轻 3 个月"),
        simple("004228", "NULLMAN, Peri", date(1949, 6, 6), Sex.MALE, "Breathlessness, ankle swelling"),
        simple("004230", "ZIP, 148 files", None, Sex.UNKNOWN, "146 files read, 2 DICOM files unreadable", status=CaseStatus.IMPORT_ERROR,
               files=(FileReport("USB-2/study_07.zip", "dicom", error="Transfer syntax not supported"),)),
        simple("004209", "FIXTURE, Omar", date(1964, 6, 6), Sex.MALE, "Lung screening CT", status=CaseStatus.SIGNED, signed_by="Dr A. Example",
               signed_at=NOW.isoformat(), assessment=small_assessment("Benign nodule, 4 mm", "良性结节 4 mm", 0.84, (0.77, 0.88))),
    )  # fmt: skip
