"""Measurements as DICOM SR (TID 1500, PS3.16) and key images as Key Object Selection, through highdicom.

Codes are DCM and SNOMED CT where there is one; what has none carries a code of our own (scheme 99CONSILIUM), said so.
Image coordinates in SR count from the corner of the first pixel (PS3.3 C.18.6), ours from its centre: half a pixel is
added.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from core.domain.imaging import Measurement
from core.errors import UserError
from core.imaging.derived import evidence_of, finish

_CODES = {
    "length": Code("410668003", "SCT", "Length"),
    "angle": Code("1483009", "SCT", "Angle"),
    "area": Code("42798000", "SCT", "Area"),
    "mean": Code("373098007", "SCT", "Mean"),
    "sd": Code("386136009", "SCT", "Standard Deviation"),
    "min": Code("255605001", "SCT", "Minimum"),
    "max": Code("56851009", "SCT", "Maximum"),
    "ratio": Code("cardiothoracic-ratio", "99CONSILIUM", "Cardiothoracic ratio"),
    "value": Code("pixel-value", "99CONSILIUM", "Pixel value"),
}
_FINDING = Code("measurement", "99CONSILIUM", "Measurement on image")
_PROCEDURE = Code("363679005", "SCT", "Imaging procedure")
_UNITS = {"mm": "mm", "mm2": "mm2", "deg": "deg", "1": "no units", "[hnsf'U]": "Hounsfield unit"}
Sources = Mapping[str, tuple[str, int]]
"""Image id -> (file, frame index)."""


def write_measurements(
    path: Path, measurements: Sequence[Measurement], sources: Sources, *, observer: str, device: str = "Consilium"
) -> int:
    """Write one SR of all marks that have values and lie on stored images; returns how many.

    `observer` is the person who measured. Raises `UserError` where there is nothing to write or the images belong to
    more than one study.
    """
    import highdicom as hd

    usable = [m for m in measurements if m.image_id in sources and _numbers(m)]
    if not usable:
        raise UserError("There is no measurement on a stored image.", "Measure something first.")
    evidence = evidence_of({sources[m.image_id][0] for m in usable})
    groups = [_group(m, evidence[sources[m.image_id][0]], sources[m.image_id][1]) for m in usable]
    context = hd.sr.ObservationContext(
        observer_person_context=person_observer(observer), observer_device_context=_device(device)
    )
    report = hd.sr.MeasurementReport(context, _PROCEDURE, groups)
    document = hd.sr.ComprehensiveSR(
        list(evidence.values()), report[0], generate_uid(), 900, generate_uid(), 1, manufacturer=device
    )
    finish(document, next(iter(evidence.values())), path)
    return len(usable)


def write_key_images(path: Path, image_ids: Sequence[str], sources: Sources, *, observer: str) -> int:
    """Write a Key Object Selection of images; returns how many. Raises `UserError` where none is stored as DICOM."""
    import highdicom as hd

    files = {sources[i][0] for i in image_ids if i in sources}
    if not files:
        raise UserError("No key image is marked.", "Mark one with K first.")
    evidence = evidence_of(files)
    objects = list(evidence.values())
    title = Code("113000", "DCM", "Of Interest")
    content = hd.ko.KeyObjectSelection(title, objects, observer_person_context=person_observer(observer))
    document = hd.ko.KeyObjectSelectionDocument(objects, content, generate_uid(), 901, generate_uid(), 1, "Consilium")
    finish(document, objects[0], path)
    return len(objects)


def person_observer(observer: str) -> Any:
    """Who measured or accepted, as the human observer (TID 1003)."""
    import highdicom as hd

    identity = hd.sr.PersonObserverIdentifyingAttributes(name=observer or "Unknown^")
    return hd.sr.ObserverContext(hd.sr.CodedConcept("121006", "DCM", "Person"), identity)


def _device(device: str) -> Any:
    import highdicom as hd

    identity = hd.sr.DeviceObserverIdentifyingAttributes(uid=generate_uid(entropy_srcs=[device]), name=device)
    return hd.sr.ObserverContext(hd.sr.CodedConcept("121007", "DCM", "Device"), identity)


def _numbers(mark: Measurement) -> list[tuple[Code, float, Code]]:
    found = []
    for name, quantity in mark.values:
        if name in _CODES and np.isfinite(quantity.value):
            meaning = _UNITS.get(quantity.unit, quantity.unit)
            found.append((_CODES[name], float(quantity.value), Code(quantity.unit, "UCUM", meaning)))
    return found


def _group(mark: Measurement, image: pydicom.Dataset, frame: int) -> Any:
    """A measurement group: its numbers, each with the drawn shape on the image."""
    import highdicom as hd

    frames = [frame + 1] if int(image.get("NumberOfFrames", 1) or 1) > 1 else None
    source = hd.sr.SourceImageForRegion(image.SOPClassUID, image.SOPInstanceUID, frames)
    whole = hd.sr.SourceImageForMeasurementGroup(image.SOPClassUID, image.SOPInstanceUID, frames)
    kind, points = _shape(mark)
    shapes = [hd.sr.CoordinatesForMeasurement(kind, part, source) for part in points]
    measurements = [
        hd.sr.Measurement(code, _decimal(value), unit, referenced_coordinates=shapes)
        for code, value, unit in _numbers(mark)
    ]
    tracking = hd.sr.TrackingIdentifier(generate_uid(entropy_srcs=[mark.id]), f"{mark.kind} {mark.id[-6:]}")
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking, finding_type=_FINDING, measurements=measurements, source_images=[whole]
    )


def _decimal(value: float) -> float:
    """At most 16 characters, as the DS value representation holds."""
    return float(f"{value:.8g}")


def _shape(mark: Measurement) -> tuple[str, list[np.ndarray[Any, np.dtype[np.float64]]]]:
    """Graphic type and point lists (column, row from the corner of the first pixel)."""
    points = np.asarray(mark.points, float) + 0.5
    if mark.kind == "probe":
        return "POINT", [points[:1]]
    if mark.kind == "ratio":
        return "POLYLINE", [points[:2], points[2:]]
    if mark.kind == "ellipse":
        (x0, y0), (x1, y1) = points[:2]
        cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
        ends = [(x0, cy), (x1, cy), (cx, y0), (cx, y1)]
        if abs(x1 - x0) < abs(y1 - y0):
            ends = ends[2:] + ends[:2]
        return "ELLIPSE", [np.array(ends)]
    if mark.kind == "rectangle":
        (x0, y0), (x1, y1) = points[:2]
        points = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)])
    elif mark.kind == "freehand":
        points = np.vstack([points, points[:1]])
    return "POLYLINE", [points]
