"""Large and repetitive input ends soon: a record, or one clear sentence. Each of these once took minutes."""

import json
import time

import pytest

from core.errors import Unreadable
from core.records.merge import reconcile
from core.records.readers import read_bytes
from core.records.sniff import Kind

SECONDS = 60  # a bound on hanging, not a benchmark: a busy machine may be slow
"""Alone each takes under 2 s; the margin is for a busy machine."""
P = {"resourceType": "Patient", "id": "p"}


def _bundle(*resources):
    return json.dumps({"resourceType": "Bundle", "entry": [{"resource": r} for r in resources]}).encode()


def _timed(kind, data):
    start = time.monotonic()
    try:
        return [reconcile(r) for r in read_bytes(data, kind, "x").records]
    finally:
        assert time.monotonic() - start < SECONDS


HOSTILE = {
    "brackets": (Kind.FHIR, lambda: b"[" * 10_000_000),
    "zeros": (Kind.FHIR, lambda: b"[" + b"0," * 5_000_000 + b"0]"),
    "patients": (Kind.FHIR, lambda: _bundle(*({"resourceType": "Patient", "id": str(i)} for i in range(5000)))),
    "components": (
        Kind.FHIR,
        lambda: _bundle(
            P,
            {
                "resourceType": "Observation",
                "code": {"text": "x"},
                "component": [{"code": {"text": "y"}, "valueString": "1"}] * 101_000,
            },
        ),
    ),
    "samples": (
        Kind.VCF,
        lambda: b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT" + b"\tS" * 2000,
    ),
    "segments": (Kind.HL7V2, lambda: b"MSH|^~\\&|\r" + b"DG1|1||x\r" * 101_000),
    "large": (Kind.CSV, lambda: b"Test,Result,Unit\n" + b"a" * (65 << 20)),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_is_refused_soon(name):
    kind, make = HOSTILE[name]
    with pytest.raises(Unreadable):
        _timed(kind, make())


def test_one_fact_ten_thousand_times_is_read_soon():
    problems = [
        {"resourceType": "Condition", "code": {"text": "x"}, "onsetDateTime": str(1000 + i % 3)} for i in range(10_000)
    ]
    (record,) = _timed(Kind.FHIR, _bundle(P, *problems))
    assert sum(len(p.sources) for p in record.problems) == 10_000


def test_repetitions_and_escapes_of_hl7_v2():
    assert _timed(Kind.HL7V2, b"MSH|^~\\&|\rPID|1||" + b"1~" * 1_000_000)
    assert _timed(Kind.HL7V2, b"MSH|^~\\&|\rOBX|1|TX|a||" + b"\\F" * 500_000)
