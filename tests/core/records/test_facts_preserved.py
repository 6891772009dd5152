"""Every clinical fact that a simple, separate reader sees in the development data is in the record."""

import pytest

from core.records.fhir import read as read_fhir
from core.records.fhir_export import to_fhir
from core.records.merge import reconcile
from core.records.readers import read_file
from core.records.sniff import sniff
from tests.core.records.simple_reader import facts_in, missing

pytestmark = pytest.mark.data


@pytest.mark.parametrize(("suffix", "least"), [(".json", 4700), (".xml", 2000), (".hl7", 200)])
def test_at_least_99_of_100_facts_are_kept(unpacked, suffix, least):
    total, lost = 0, []
    for path in sorted(unpacked("records-dev").rglob(f"*{suffix}")):
        facts = facts_in(path)
        reading, _ = read_file(path, sniff(path), path.name)
        total += len(facts)
        lost += [(path.name, f) for f in missing(facts, tuple(reconcile(r) for r in reading.records))]
    assert total >= least
    assert len(lost) <= 0.01 * total, lost


def test_the_simple_reader_notices_a_loss(unpacked):
    from dataclasses import replace

    path = sorted(unpacked("records-dev").rglob("*.json"))[0]
    reading, _ = read_file(path, sniff(path), path.name)
    (record,) = reading.records
    assert missing(facts_in(path), (replace(record, observations=record.observations[1:]),))


def test_export_and_back_of_every_c_cda_and_hl7_file(unpacked):
    for path in sorted(p for p in unpacked("records-dev").rglob("*") if p.suffix in (".xml", ".hl7")):
        for record in read_file(path, sniff(path), path.name)[0].records:
            assert read_fhir(to_fhir(record), "x").records == (record,), path.name
