"""Damaged input: each reader gives a record or a clear error, soon, and never anything else."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Unreadable
from core.records.readers import read_bytes
from core.records.sniff import Kind, sniff_bytes
from tests.core.records.conftest import documents

DOCUMENTS = documents()
SECONDS = 60  # a bound on hanging on a busy machine


def mutated(data: bytes, dice: random.Random) -> bytes:
    """One to twenty bytes changed, removed, repeated or cut off."""
    out = bytearray(data)
    for _ in range(dice.randint(1, 20)):
        at = dice.randrange(len(out) + 1)
        match dice.randrange(5):
            case 0 if at < len(out):
                out[at] = dice.randrange(256)
            case 1:
                del out[at : at + dice.randint(1, 40)]
            case 2:
                out[at:at] = out[at : at + dice.randint(1, 200)] * dice.randint(1, 5)
            case 3:
                out[at:at] = dice.choice(
                    [b"\x00", b"{", b"[", b"<", b"&", b"\\", b"|", b'"', b"9" * 40, b"1e999", b"null", b"\xff\xfe"]
                )
            case _ if dice.random() < 0.1:
                del out[at:]
    return bytes(out)


def survive(kind: str, data: bytes) -> None:
    """Reads or refuses within the time allowed."""
    start = time.monotonic()
    sniff_bytes(data[:65536])
    try:
        for record in read_bytes(data, Kind(kind), "x").records:
            repr(record).encode("utf-8", "strict")
    except Unreadable as error:
        assert error.what
    assert time.monotonic() - start < SECONDS


@pytest.mark.parametrize("kind", sorted(DOCUMENTS))
def test_a_few_mutations_of_each_kind(kind):
    dice = random.Random(7)
    for _ in range(60 if kind != "pdf" else 40):
        survive(kind, mutated(DOCUMENTS[kind], dice))


@pytest.mark.parametrize("kind", sorted(DOCUMENTS))
@given(st.binary(max_size=400))
@settings(max_examples=30, deadline=None)
def test_any_bytes(kind, data):
    survive(kind, data)


_KEYS = st.sampled_from(
    [
        "code",
        "coding",
        "system",
        "display",
        "text",
        "valueQuantity",
        "value",
        "unit",
        "component",
        "category",
        "subject",
        "reference",
        "contained",
        "onsetDateTime",
        "dosage",
        "dosageInstruction",
        "reaction",
        "manifestation",
        "content",
        "attachment",
        "data",
        "condition",
        "series",
        "activity",
        "period",
        "type",
        "referenceRange",
        "low",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)
_TYPES = st.sampled_from(
    [
        "Patient",
        "Condition",
        "Observation",
        "MedicationRequest",
        "AllergyIntolerance",
        "DiagnosticReport",
        "DocumentReference",
        "FamilyMemberHistory",
        "CarePlan",
        "ImagingStudy",
        "Encounter",
        "Immunization",
        "Procedure",
        "Basic",
        "Bundle",
    ]
)


@given(_TYPES, st.dictionaries(_KEYS, _JSON, max_size=8))
@settings(max_examples=150, deadline=None)
def test_any_shape_of_fhir(kind, fields):
    import msgspec

    survive("fhir", msgspec.json.encode({**fields, "resourceType": kind}))


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", sorted(DOCUMENTS))
def test_many_mutations_of_each_kind(kind):
    import os

    dice = random.Random(os.environ.get("FUZZ_SEED", "1"))
    for _ in range(int(os.environ.get("FUZZ_COUNT", "2000"))):
        survive(kind, mutated(DOCUMENTS[kind], dice))
