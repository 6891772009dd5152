"""Synthetic explanation and plan for the hand-made cases. Nothing here is clinical reference."""

from core.domain.basics import Citation, Label, Quantity, Version
from core.domain.explanation import Check, Contribution, Curve, Explanation, FindingExplanation, ImageExplanation
from core.domain.finding import Origin
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

TIME = "2025-11-14T10:42:00+00:00"
VERSIONS = (Version("common", "1.0.0", "9f2c41ae"),)


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
    dose = (DoseInput(Label("Creatinine clearance", "肌酐清除率"), Quantity(43, "mL/min"), TIME),)
    options = (
        PlanOption(
            "o1",
            Label("Ceftriaxone + doxycycline", "头孢曲松 + 多西环素"),
            Label("Inpatient pneumonia where macrolide and quinolone are unsuitable"),
            "first",
            (
                DrugDose(
                    "ceftriaxone",
                    Label("Ceftriaxone", "头孢曲松"),
                    Label("1–2 g IV q24h"),
                    Label("2 g IV q24h"),
                    dose,
                    adjustment=Label("no renal change needed at CrCl 43"),
                ),
                DrugDose(
                    "doxycycline",
                    Label("Doxycycline", "多西环素"),
                    Label("100 mg PO q12h"),
                    Label("100 mg PO q12h"),
                    adjustment=Label("no renal change needed"),
                ),
            ),
            (
                Reason(Label("No QT effect"), 0.8),
                Reason(Label("Covers atypicals"), 0.6),
                Reason(Label("Penicillin anaphylaxis: observe first dose"), -0.4),
                Reason(Label("Culture pending"), 0.0, True),
            ),
            0.82,
            (0.74, 0.88),
            False,
            ("al4",),
            (cite,),
            (Label("Oxygen to SpO₂ 94–98 %"),),
        ),
        PlanOption(
            "o2",
            Label("Levofloxacin alone", "左氧氟沙星单药"),
            Label("Alternative"),
            "second",
            (DrugDose("levofloxacin", Label("Levofloxacin", "左氧氟沙星"), Label("750 mg q24h"), None, (), ask),),
            (Reason(Label("QTc 462 + citalopram"), -0.9), Reason(Label("One drug, oral switch"), 0.4)),
            0.41,
            (0.30, 0.53),
            False,
            ("al3",),
            (cite,),
        ),
        PlanOption(
            "o3",
            Label("Amoxicillin-clavulanate + clarithromycin", "阿莫西林克拉维酸 + 克拉霉素"),
            Label("Usual first line"),
            "first",
            (),
            (Reason(Label("Penicillin anaphylaxis"), -3.0),),
            0.05,
            (0.01, 0.1),
            True,
            ("al1", "al2"),
            (cite,),
        ),
    )

    def alert(key: str, tier: Tier, kind: str, title: str, detail: str, *drugs: str) -> Alert:
        action = Label("Do not give" if tier is Tier.STOP else "Review")
        return Alert(
            key, tier, kind, f"{kind[:3].upper()}-0{key[-1]}", Label(title), Label(detail), action, drugs, cite
        )

    alerts = (
        alert(
            "al1",
            Tier.STOP,
            "allergy",
            "Amoxicillin-clavulanate, penicillin anaphylaxis 2011",
            "Allergy record, confirmed 2011",
            "amoxicillin",
        ),
        alert(
            "al2",
            Tier.STOP,
            "interaction",
            "Clarithromycin + simvastatin",
            "Rhabdomyolysis, CYP3A4",
            "clarithromycin",
            "simvastatin",
        ),
        alert(
            "al3",
            Tier.CAUTION,
            "qt",
            "Levofloxacin + citalopram, QTc 462",
            "Torsades risk, repeat ECG if used",
            "levofloxacin",
            "citalopram",
        ),
        alert(
            "al4",
            Tier.CAUTION,
            "allergy",
            "Ceftriaxone, penicillin anaphylaxis",
            "Different side chain, low cross-reaction; observe first dose",
            "ceftriaxone",
        ),
        alert("al5", Tier.CAUTION, "renal", "Metformin at eGFR 41", "Do not exceed 1 g a day", "metformin"),
        alert("al6", Tier.INFO, "imaging", "Repeat CR chest at 6 weeks", "Age over 50, ex-smoker, new opacity"),
    )
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
        TIME,
        "pneumonia,_right_lower_lobe",
        Label("Pneumonia, non-severe, in hospital", "肺炎，非重症，住院"),
        options,
        alerts,
        (
            MedicineChange(
                "clopidogrel",
                Label("Clopidogrel → ticagrelor 90 mg q12h"),
                Label("CYP2C19 *2/*2, stent 4 months ago · ask cardiology first"),
                Citation("CPIC", 2022),
                "gene",
            ),
            MedicineChange(
                "citalopram",
                Label("Citalopram 40 → 20 mg"),
                Label("Maximum 20 mg: poor metaboliser and age over 60"),
                Citation("FDA label", 2024),
                "gene",
            ),
            MedicineChange(
                "metformin",
                Label("Metformin 2 g → 1 g per day"),
                Label("eGFR 41: do not exceed 1 g"),
                Citation("KDIGO", 2022),
                "renal",
            ),
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
            "with your penicillin allergy in mind. We will watch you closely after the first dose.\n\nA blood test will "
            "tell us if you need a scan to look for a clot. Tell us at once if breathing gets harder.",
            "您的右肺下部有感染，称为肺炎。考虑到您对青霉素过敏，我们选用了两种抗生素，首次用药后会密切观察您。\n\n"
            "验血结果会告诉我们是否需要做扫描来排除血栓。如果呼吸更困难，请立即告诉我们。",
        ),
        (Label("No rule is known for this combination: ramipril + doxycycline"),),
        VERSIONS,
    )
