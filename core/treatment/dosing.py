"""A drug of an option, dosed for this patient: shown with its inputs, or asking for what is missing or stale."""

from core.domain.basics import Label, Quantity
from core.domain.plan import DoseInput, DrugDose
from core.knowledge import drugs as drug_tables
from core.treatment import labs, organs
from core.treatment.alerts import joined
from core.treatment.context import Context
from core.treatment.plan_files import PlanDrug, RenalBand
from core.treatment.regimen import daily_mg, for_patient, usual
from core.treatment.when import missing_label

_ADULT_YEARS = 18


def dose(plan_drug: PlanDrug, context: Context) -> DrugDose:
    """The dose. `patient_dose` is None and `ask` filled where an input is missing or older than its limit."""
    needed = _needed(plan_drug, context)
    inputs = tuple(_input(key, context) for key in needed if key != "sex")
    ask = tuple(missing_label(key) for key in needed if _lacking(key, context))
    band = None if ask else _band(plan_drug, context)
    chosen = band.regimen if band else plan_drug.regimen
    return DrugDose(
        drug=plan_drug.drug,
        name=_name(plan_drug),
        usual=usual(plan_drug.regimen),
        patient_dose=None if ask else for_patient(chosen, context.fresh("weight"), _surface(context)),
        inputs=inputs + (_clearance(context) if plan_drug.renal and not ask else ()),
        ask=ask,
        adjustment=_adjustment(plan_drug, band, context),
        route=plan_drug.regimen.route,
        duration=plan_drug.duration,
        sources=(plan_drug.source,),
    )


def order_text(plan_drug: PlanDrug, context: Context) -> str:
    """The order in words that the safety checks read (English drug names, dose and route)."""
    vocabulary = drug_tables.load()
    names = " / ".join(vocabulary.label(drug).en for drug in (plan_drug.drug, *plan_drug.partners))
    total = daily_mg(plan_drug.regimen, context.fresh("weight"))
    amount = f" {total:g} mg once daily" if total and not plan_drug.partners else ""
    return f"{names}{amount} {plan_drug.regimen.route}"


def _name(plan_drug: PlanDrug) -> Label:
    vocabulary = drug_tables.load()
    return joined((vocabulary.label(d) for d in (plan_drug.drug, *plan_drug.partners)), " + ", " + ")


def _needed(plan_drug: PlanDrug, context: Context) -> tuple[str, ...]:
    regimens = (plan_drug.regimen, *(band.regimen for band in plan_drug.renal))
    needed = ["weight"] if any(one.needs_weight for one in regimens) else []
    if any(one.per == "m2" for one in regimens):
        needed += ["weight", "height"]
    if plan_drug.renal:
        adult = context.age is None or context.age >= _ADULT_YEARS
        needed += ["creatinine", "weight" if adult else "height", "age", "sex"]
    return tuple(dict.fromkeys(needed))


def _lacking(key: str, context: Context) -> bool:
    if key == "age":
        return context.age is None
    if key == "sex":
        return context.sex.value not in {"female", "male"}
    return context.fresh(key) is None


def _input(key: str, context: Context) -> DoseInput:
    if key == "age":
        quantity = None if context.age is None else Quantity(round(context.age, 1), "a")
        return DoseInput(missing_label(key), quantity)
    found = context.measured.get(key)
    if found is None:
        return DoseInput(labs.label_of(key), None)
    return DoseInput(found.label, found.quantity, found.time, found.stale)


def _surface(context: Context) -> float | None:
    weight, height = context.fresh("weight"), context.fresh("height")
    return organs.body_surface(weight, height) if weight and height else None


def _clearance(context: Context) -> tuple[DoseInput, ...]:
    crcl = context.kidney.crcl
    if crcl is None:
        return ()
    name = Label("creatinine clearance (Cockcroft-Gault)", "肌酐清除率（Cockcroft-Gault）")
    if context.age is not None and context.age < _ADULT_YEARS:
        name = Label("eGFR (bedside Schwartz)", "eGFR（床旁Schwartz）")
    return (DoseInput(name, Quantity(round(crcl), "mL/min")),)


def _band(plan_drug: PlanDrug, context: Context) -> RenalBand | None:
    crcl = context.kidney.crcl
    fitting = [band for band in plan_drug.renal if crcl is not None and crcl < band.below]
    return min(fitting, key=lambda band: band.below, default=None)


def _adjustment(plan_drug: PlanDrug, band: RenalBand | None, context: Context) -> Label:
    if band is None or context.kidney.crcl is None:
        return Label("")
    before, after = usual(plan_drug.regimen), usual(band.regimen)
    crcl = f"CrCl {context.kidney.crcl:.0f} mL/min (below {band.below:g})"
    return Label(
        f"{crcl}: {after.en} instead of {before.en}",
        f"CrCl {context.kidney.crcl:.0f} mL/min（低于{band.below:g}）：{after.zh}，替代{before.zh}",
    )
