"""Everything that is there, as findings: note, values, images, genes, record. Order is stable, and so are the ids."""

import dataclasses
import hashlib
from collections.abc import Sequence
from datetime import datetime

from core.domain.finding import Finding
from core.domain.imaging import ImagePrediction
from core.domain.record import Observation, Record
from core.findings.genes import findings_of_genes
from core.findings.images import findings_of_images
from core.findings.laboratory import findings_of_values
from core.findings.record import findings_of_record
from core.findings.text import findings_in, values_in
from core.findings.wording import wording


def find(record: Record, predictions: Sequence[ImagePrediction], now: datetime) -> tuple[Finding, ...]:
    """All findings of a record and of what image models said of its images. Conflicts are kept: the engines weigh them."""
    found: list[Finding] = []
    for note in record.notes:
        found += findings_in(note, record.patient)
    found += wording(record.notes, found)
    found += findings_of_values(observations_of(record), record.patient, now)
    found += findings_of_images(predictions)
    found += findings_of_genes(record)
    found += findings_of_record(record)
    return with_ids(found)


def observations_of(record: Record) -> tuple[Observation, ...]:
    """The record's observations and the values stated in its notes; a coded value of the same time wins."""
    stated = tuple(o for note in record.notes for o in values_in(note))
    return (*stated, *record.observations)


def with_ids(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Each finding with an id made from what it says and where; the same statement in the same file stands once."""
    kept: dict[str, Finding] = {}
    for finding in findings:
        said = (
            finding.code.system,
            finding.code.code,
            finding.status,
            finding.origin,
            finding.scope,
            finding.source.file,
        )
        key = hashlib.sha256("|".join(map(str, said)).encode()).hexdigest()[:10]
        kept.setdefault(key, dataclasses.replace(finding, id=f"f-{key}"))
    return tuple(kept.values())
