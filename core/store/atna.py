"""The audit log as FHIR R4 AuditEvent resources (the shape IHE ATNA / BALP gateways take), with hashes to check against."""

from collections.abc import Iterable
from typing import Any

import msgspec

from core.store.audit import AuditEvent

_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_TYPES = {
    "sign_in": ("110114", "User Authentication", "E"),
    "sign_out": ("110114", "User Authentication", "E"),
    "failed_sign_in": ("110114", "User Authentication", "E"),
    "break_glass": ("110113", "Security Alert", "E"),
    "user_added": ("110113", "Security Alert", "C"),
    "user_changed": ("110113", "Security Alert", "U"),
    "password_set": ("110113", "Security Alert", "U"),
    "pin_set": ("110113", "Security Alert", "U"),
    "key_protection": ("110113", "Security Alert", "U"),
    "export": ("110106", "Export", "R"),
    "package_export": ("110106", "Export", "R"),
    "backup": ("110106", "Export", "R"),
    "archive_send": ("110106", "Export", "R"),
    "archive_fetch": ("110107", "Import", "C"),
    "archive_query": ("110112", "Query", "E"),
    "cohort": ("110112", "Query", "E"),
    "archives_changed": ("110113", "Security Alert", "U"),
    "restore": ("110107", "Import", "C"),
    "recover": ("110107", "Import", "C"),
    "package_import": ("110107", "Import", "C"),
    "view": ("110110", "Patient Record", "R"),
    "create": ("110110", "Patient Record", "C"),
    "delete": ("110110", "Patient Record", "D"),
    "purge": ("110110", "Patient Record", "D"),
}
"""Our actions as DICOM PS3.15 A.5 event ids (PS3.16 CID 400) and FHIR actions; all others are record updates."""


def audit_bundle(events: Iterable[AuditEvent]) -> dict[str, Any]:
    """A FHIR R4 Bundle (collection) of AuditEvents in the order given. No patient data: cases by their id alone."""
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": audit_event(event)} for event in events],
    }


def audit_event(event: AuditEvent) -> dict[str, Any]:
    """One AuditEvent (hl7.org/fhir/R4/auditevent.html)."""
    code, display, action = _TYPES.get(event.action, ("110110", "Patient Record", "U"))
    failed = event.action == "failed_sign_in" or '"outcome":"failed"' in event.detail
    details = [{"type": "sha256", "valueString": event.hash}, {"type": "previous", "valueString": event.previous}]
    details += [{"type": k, "valueString": str(v)} for k, v in msgspec.json.decode(event.detail).items()]
    target = {"reference": f"urn:consilium:case:{event.case_id}"} if event.case_id else {"display": "store"}
    return {
        "resourceType": "AuditEvent",
        "id": str(event.seq),
        "type": {"system": _DCM, "code": code, "display": display},
        "subtype": [{"system": "urn:consilium:audit", "code": event.action}],
        "action": action,
        "recorded": event.at,
        "outcome": "4" if failed else "0",
        "agent": [{"who": {"display": event.user or "unknown"}, "requestor": True}],
        "source": {"observer": {"display": "Consilium"}},
        "entity": [{"what": target, "detail": details}],
    }
