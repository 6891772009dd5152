import json

import pytest

from core.domain.basics import Coding
from core.domain.record import Sex
from core.errors import Unreadable
from core.records import phenopacket
from core.records.phenopacket import years

PACKET = {
    "id": "SYN-1",
    "subject": {"id": "x", "sex": "FEMALE", "timeAtLastEncounter": {"age": {"iso8601duration": "P3Y6M"}}},
    "phenotypicFeatures": [
        {"type": {"id": "HP:0001250", "label": "Seizure"}, "onset": {"age": {"iso8601duration": "P2M"}}},
        {"type": {"id": "HP:0000252", "label": "Microcephaly"}, "excluded": True},
    ],
    "interpretations": [
        {
            "progressStatus": "SOLVED",
            "diagnosis": {
                "disease": {"id": "OMIM:614959", "label": "DEE14"},
                "genomicInterpretations": [
                    {
                        "variantInterpretation": {
                            "acmgPathogenicityClassification": "PATHOGENIC",
                            "variationDescriptor": {
                                "geneContext": {"symbol": "KCNT1"},
                                "expressions": [{"syntax": "hgvs.c", "value": "NM_020822.3:c.862G>A"}],
                                "vcfRecord": {
                                    "genomeAssembly": "hg38",
                                    "chrom": "chr9",
                                    "pos": 135759686,
                                    "ref": "G",
                                    "alt": "A",
                                },
                                "allelicState": {"id": "GENO:0000135"},
                            },
                        }
                    }
                ],
            },
        },
    ],
}


def _read(packet):
    return phenopacket.read(json.dumps(packet).encode(), "x.json")


def test_features_sex_age_gene():
    (record,) = _read(PACKET).records
    assert (record.patient.sex, record.patient.age_years) == (Sex.FEMALE, 3.5)
    assert [(p.code, p.excluded, p.onset) for p in record.phenotypes] == [
        (Coding("HP", "HP:0001250", "Seizure"), False, "P2M"),
        (Coding("HP", "HP:0000252", "Microcephaly"), True, ""),
    ]
    (variant,) = record.variants
    assert (
        variant.gene,
        variant.zygosity,
        variant.significance,
        variant.assembly,
        variant.chromosome,
        variant.position,
    ) == ("KCNT1", "heterozygous", "pathogenic", "GRCh38", "9", 135759686)


def test_the_confirmed_disease_is_kept_where_no_engine_looks():
    (record,) = _read(
        {**PACKET, "diseases": [{"term": {"id": "OMIM:614959"}}, {"term": {"id": "OMIM:1"}, "excluded": True}]}
    ).records
    assert record.diagnoses == (Coding("OMIM", "OMIM:614959", "DEE14"),)
    assert not record.problems
    assert "614959" not in repr((record.phenotypes, record.variants, record.notes))


def test_unsolved_is_not_a_diagnosis():
    packet = json.loads(json.dumps(PACKET))
    packet["interpretations"][0]["progressStatus"] = "IN_PROGRESS"
    assert _read(packet).records[0].diagnoses == ()


def test_a_family_gives_one_record_a_member():
    assert len(_read({"proband": PACKET, "members": [PACKET]}).records) == 2


@pytest.mark.parametrize(
    ("text", "value"), [("P1Y", 1), ("P18M", 1.5), ("P2W", 14 / 365.2425), ("P", None), ("x", None), ("P1YT3H", 1)]
)
def test_durations(text, value):
    assert years(text) == (pytest.approx(value) if value else None)


@pytest.mark.parametrize("packet", [[], {}, {"subject": 5}, {"phenotypicFeatures": "x"}, 7, {"interpretations": [[1]]}])
def test_odd_shapes(packet):
    try:
        assert len(_read(packet).records) == 1
    except Unreadable:
        pass
