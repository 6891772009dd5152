"""FHIR R4 JSON (a bundle, one resource, or one resource a line) -> records, one a patient."""

from typing import Any

from core.domain.record import Identifier, Patient
from core.errors import Unreadable
from core.records import fhir_facts as facts
from core.records import fhir_ours
from core.records.draft import Draft, Reading, content_key
from core.records.fhir_facts import NothingInIt, Place
from core.records.fhir_patient import read_patient
from core.records.limits import MAX_DEPTH, MAX_PATIENTS, check_count
from core.records.plain import Plain, at, node, nodes, parse, text

_READERS = {
    "Condition": facts.condition,
    "MedicationRequest": facts.medication,
    "MedicationStatement": facts.medication,
    "MedicationAdministration": facts.medication,
    "MedicationDispense": facts.medication,
    "MedicationUsage": facts.medication,
    "AllergyIntolerance": facts.allergy,
    "Observation": facts.observation,
    "DiagnosticReport": facts.report,
    "DocumentReference": facts.document,
    "FamilyMemberHistory": facts.family,
    "CarePlan": facts.care_plan,
    "ClinicalImpression": facts.impression,
    "Procedure": facts.event("procedure", ("code",), ("performed", "occurrence")),
    "Immunization": facts.event("immunization", ("vaccineCode",), ("occurrence", "date", "recorded")),
    "Encounter": facts.event("encounter", ("type", "serviceType", "class"), ("period",)),
    "ImagingStudy": facts.imaging_study,
    "ServiceRequest": facts.event("service_request", ("code",), ("occurrence", "authoredOn")),
    "Goal": facts.event("goal", ("description",), ("start", "statusDate")),
    "Device": facts.event("device", ("type",), ("manufactureDate",)),
    "DeviceUseStatement": facts.event("device", ("bodySite",), ("timing", "recordedOn")),
    "SupplyDelivery": facts.event("supply", ("type",), ("occurrence",)),
    "NutritionOrder": facts.event("diet", ("description",), ("dateTime",)),
    "EpisodeOfCare": facts.event("episode", ("type",), ("period",)),
    "Flag": facts.event("flag", ("code",), ("period",)),
    "RiskAssessment": facts.event("risk_assessment", ("code", "method"), ("occurrence",)),
    "Appointment": facts.event("appointment", ("description", "serviceType", "appointmentType"), ("start",)),
    "Specimen": facts.event("specimen", ("type",), ("receivedTime",)),
    "CareTeam": facts.event("care_team", ("category", "name"), ("period",)),
    "Communication": facts.event("communication", ("topic", "category"), ("sent",)),
}
_NOT_CLINICAL = {
    "Claim": "billing", "ClaimResponse": "billing", "ExplanationOfBenefit": "billing", "Coverage": "billing",
    "Account": "billing", "Invoice": "billing", "ChargeItem": "billing",
    "Organization": "administration", "Practitioner": "administration", "PractitionerRole": "administration",
    "Location": "administration", "HealthcareService": "administration", "Schedule": "administration",
    "Slot": "administration", "RelatedPerson": "administration", "Group": "administration",
    "Provenance": "audit trail", "AuditEvent": "audit trail", "OperationOutcome": "message",
    "MessageHeader": "message", "Medication": "read with the medicine that refers to it",
    "Composition": "its sections are the other resources", "Binary": "attached file", "Media": "attached file",
    "Substance": "administration", "Questionnaire": "form without answers",
}  # fmt: skip


def read(data: bytes, file: str, *, key: bytes = b"") -> Reading:
    """Every patient of a FHIR R4 file. Raises `Unreadable` for what is not FHIR JSON or is out of bounds.

    `key`: the bytes that the facts' ids come from, where `data` was made from another form of the file.
    """
    entries = _entries(data, file)
    check_count(file, len(entries), "resources")
    if sum(text(r, "resourceType") == "Patient" for _, _, r in entries) > MAX_PATIENTS:
        raise Unreadable(f"{file} holds more than {MAX_PATIENTS} patients.", "Export one patient at a time.")
    if not entries:
        raise Unreadable(f"{file} is FHIR but holds no resource.", "Export the record again.")
    return _Reader(file, content_key(key or data), entries).read()


def _entries(data: bytes, file: str) -> list[tuple[str, str, Plain]]:
    """(place, full URL, resource) of every resource; bundles inside a bundle are opened."""
    try:
        top: list[Any] = [parse(data, file)]
    except Unreadable:
        lines = [line for line in data.splitlines() if line.strip()]
        if len(lines) < 2 or not all(line.lstrip().startswith(b"{") for line in lines[:2]):
            raise
        top = [parse(line, file) for line in lines]
    if len(top) == 1 and isinstance(top[0], list):
        top = [item for item in top[0] if isinstance(item, dict)]
    found: list[tuple[str, str, Plain]] = []
    for index, item in enumerate(top):
        root = text(item, "resourceType") or "resource"
        _open(item, root if len(top) == 1 else f"{root}[{index}]", "", (found, 0))
    return found


def _open(item: Any, place: str, url: str, into: tuple[list[tuple[str, str, Plain]], int]) -> None:
    found, depth = into
    if text(item, "resourceType") == "Bundle" and depth < MAX_DEPTH:
        for index, entry in enumerate(nodes(item, "entry")):
            inner = f"{place}.entry[{index}].resource"
            _open(node(entry, "resource"), inner, text(entry, "fullUrl"), (found, depth + 1))
    elif text(item, "resourceType"):
        found.append((place, url, item))


class _Reader:
    """Sorts a file's resources by patient and reads each."""

    def __init__(self, file: str, key: str, entries: list[tuple[str, str, Plain]]) -> None:
        self.file, self.key, self.entries = file, key, entries
        self.by_url: dict[str, int] = {}
        for index, (_, url, resource) in enumerate(entries):
            name = f"{text(resource, 'resourceType')}/{text(resource, 'id')}"
            for known in (url, name if text(resource, "id") else ""):
                if known:
                    self.by_url.setdefault(known, index)
        self.patients = [i for i, (_, _, r) in enumerate(entries) if text(r, "resourceType") == "Patient"]
        self.drafts: dict[str, Draft] = {}
        self.skipped: dict[str, int] = {}

    def read(self) -> Reading:
        for index in self.patients:
            draft = self._draft(str(index))
            place, _, resource = self.entries[index]
            draft.patient = read_patient(resource, draft.source(place, text(resource, "id")))
            fhir_ours.patient(resource, draft)
        for place, _, resource in self.entries:
            if text(resource, "resourceType") != "Patient":
                self._read_one(place, resource)
        if not self.drafts:
            self._draft("")
        left = tuple(f"{why} ({count})" if count > 1 else why for why, count in self.skipped.items())
        return Reading(tuple(d.record() for d in self.drafts.values()), left)

    def _read_one(self, place: str, resource: Plain) -> None:
        kind = text(resource, "resourceType")
        if kind == "Basic" or kind in _READERS:
            self._read_clinical(kind, place, resource)
        else:
            self._skip(f"{kind}: {_NOT_CLINICAL.get(kind, 'not a kind that is read')}")

    def _read_clinical(self, kind: str, place: str, resource: Plain) -> None:
        owner = self._owner(resource)
        if owner is None:
            self._skip(f"{kind}: belongs to a patient who is not in this file")
            return
        draft = self._draft(owner)
        resolve = lambda reference: self._resolve(reference, resource)  # noqa: E731  a closure over one resource
        try:
            if not fhir_ours.restore(resource, draft, place):
                reader = _READERS.get(kind, facts.event("other", ("code",), ("created",)))
                reader(resource, Place(draft, place, resolve))
        except NothingInIt as why:
            self._skip(f"{kind}: {why}")

    def _draft(self, owner: str) -> Draft:
        if owner not in self.drafts:
            key = self.key if len(self.patients) < 2 else f"{self.key}/{owner}"
            self.drafts[owner] = Draft(self.file, "fhir", key)
        return self.drafts[owner]

    def _owner(self, resource: Plain) -> str | None:
        """Which patient a resource is about: an index into `patients`, or its own key where the file has none."""
        target = node(resource, "subject") or node(resource, "patient") or node(resource, "for")
        reference = text(target, "reference")
        if reference:
            index = self._index(reference)
            if index is not None and index in self.patients:
                return str(index)
            if self.patients:
                return None
            if reference not in self.drafts:
                draft = self._draft(reference)
                number = Identifier("reference", reference.rpartition("/")[2])
                draft.patient = Patient(name=text(target, "display"), identifiers=(number,))
            return reference
        return str(self.patients[0]) if len(self.patients) == 1 else (None if self.patients else "")

    def _index(self, reference: str) -> int | None:
        found = self.by_url.get(reference)
        if found is None and reference.count("/") > 1:
            found = self.by_url.get("/".join(reference.split("/_history")[0].split("/")[-2:]))
        return found

    def _resolve(self, target: Any, resource: Plain) -> Plain:
        reference = text(target, "reference")
        if reference.startswith("#"):
            return next((c for c in nodes(resource, "contained") if text(c, "id") == reference[1:]), {})
        index = self._index(reference) if reference else None
        return {} if index is None else self.entries[index][2]

    def _skip(self, why: str) -> None:
        self.skipped[why] = self.skipped.get(why, 0) + 1


def is_phenopacket(value: Any) -> bool:
    """Whether JSON is a phenopacket rather than FHIR."""
    return at(value, "phenotypicFeatures") is not None and not text(value, "resourceType")
