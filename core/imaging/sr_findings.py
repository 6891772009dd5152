"""Findings of image models as DICOM SR (TID 1500, PS3.16), once a clinician has accepted them.

The person who accepted is the human observer, the model pack with its version the device observer (TID 1004); each
finding names its algorithm (TID 4019). One document is of one model pack and one study: an observer stands for all of it.
The model's probability is written as Certainty of Finding (111012, DCM) in percent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from core.domain.basics import Coding, Version
from core.errors import UserError
from core.imaging.derived import MANUFACTURER, evidence_of, finish
from core.imaging.sr_export import Sources, person_observer

_CERTAINTY = Code("111012", "DCM", "Certainty of Finding")
_PERCENT = Code("%", "UCUM", "Percent")
_PROCEDURE = Code("363679005", "SCT", "Imaging procedure")
_CATEGORY = Code("404684003", "SCT", "Clinical finding")
_SCHEMES = {"SNOMED": "SCT", "SCT": "SCT", "RadLex": "RADLEX", "LOINC": "LN", "consilium": "99CONSILIUM", "HP": "99HPO"}
"""Our names of code systems as DICOM's designators (PS3.16 8); Human Phenotype Ontology has none and gets a private one."""
_SERIES = 905


@dataclass(frozen=True, slots=True)
class ModelFinding:
    """One accepted finding: on which image, what it is called, how probable the pack found it (0-1)."""

    id: str
    image_id: str
    code: Coding
    meaning: str
    probability: float
    pack: Version


def write_model_findings(
    path: Path, findings: Sequence[ModelFinding], sources: Sources, *, observer: str, verified: bool = False
) -> int:
    """Write accepted findings of one model pack as one SR; returns how many.

    `observer` is who accepted them; `verified` that this person signed. Raises `UserError` where none lies on a stored
    image, or where they are of several packs or studies.
    """
    import highdicom as hd

    usable = [f for f in findings if f.image_id in sources]
    if not usable:
        raise UserError("There is no accepted model finding on a stored image.", "Accept one, or sign the case first.")
    if len({f.pack for f in usable}) != 1:
        raise UserError("The findings are of more than one model.", "Export one model's at a time.")
    evidence = evidence_of({sources[f.image_id][0] for f in usable})
    groups = [_group(f, evidence[sources[f.image_id][0]], sources[f.image_id][1]) for f in usable]
    context = hd.sr.ObservationContext(
        observer_person_context=person_observer(observer), observer_device_context=_model(usable[0].pack)
    )
    report = hd.sr.MeasurementReport(context, _PROCEDURE, groups)
    document = hd.sr.ComprehensiveSR(
        list(evidence.values()), report[0], generate_uid(), _SERIES, generate_uid(), 1, manufacturer=MANUFACTURER,
        is_complete=True, is_final=verified, is_verified=verified,
        verifying_observer_name=observer if verified else None,
        verifying_organization="Unknown" if verified else None,
    )  # fmt: skip
    finish(document, next(iter(evidence.values())), path)
    return len(usable)


def by_model(findings: Sequence[ModelFinding]) -> Mapping[Version, list[ModelFinding]]:
    """The findings by the pack that made them, in the order first met."""
    found: dict[Version, list[ModelFinding]] = {}
    for finding in findings:
        found.setdefault(finding.pack, []).append(finding)
    return found


def _model(pack: Version) -> Any:
    import highdicom as hd

    identity = hd.sr.DeviceObserverIdentifyingAttributes(
        uid=generate_uid(entropy_srcs=[pack.name, pack.version, pack.sha256]), name=pack.name,
        manufacturer_name=MANUFACTURER, model_name=f"{pack.name} {pack.version}",
        serial_number=pack.sha256[:16] or None,
    )  # fmt: skip
    return hd.sr.ObserverContext(hd.sr.CodedConcept("121007", "DCM", "Device"), identity)


def _group(finding: ModelFinding, image: pydicom.Dataset, frame: int) -> Any:
    import highdicom as hd

    frames = [frame + 1] if int(image.get("NumberOfFrames", 1) or 1) > 1 else None
    whole = hd.sr.SourceImageForMeasurementGroup(image.SOPClassUID, image.SOPInstanceUID, frames)
    algorithm = hd.sr.AlgorithmIdentification(finding.pack.name, finding.pack.version)
    certainty = hd.sr.Measurement(_CERTAINTY, round(100 * finding.probability, 1), _PERCENT)
    tracking = hd.sr.TrackingIdentifier(
        generate_uid(entropy_srcs=[finding.id, finding.image_id, finding.code.code]), finding.code.code[:64]
    )
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking, finding_type=_code(finding.code, finding.meaning), finding_category=_CATEGORY,
        algorithm_id=algorithm, measurements=[certainty], source_images=[whole],
    )  # fmt: skip


def _code(coding: Coding, meaning: str) -> Code:
    return Code(coding.code, _SCHEMES.get(coding.system, "99CONSILIUM"), (meaning or coding.display)[:64])
