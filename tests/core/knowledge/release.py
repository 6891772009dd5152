"""A tiny synthetic HPO release: SYNTHETIC terms and diseases, in the published formats."""

from pathlib import Path

OBO = """format-version: 1.2
data-version: hp/releases/{version}

[Term]
id: HP:0000001
name: All

[Term]
id: HP:0000118
name: Phenotypic abnormality
is_a: HP:0000001 ! All

[Term]
id: HP:0000707
name: Abnormality of the nervous system
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:0001250
name: Seizure
alt_id: HP:0001275
def: "A made-up \\"definition\\"." []
synonym: "Fits" EXACT layperson []
synonym: "Attack" BROAD []
is_a: HP:0000707 ! Abnormality of the nervous system

[Term]
id: HP:0002197
name: Generalized seizure
is_a: HP:0001250 ! Seizure

[Term]
id: HP:0000924
name: Abnormality of the skeletal system
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:0001166
name: Arachnodactyly
is_a: HP:0000924 ! Abnormality of the skeletal system

[Term]
id: HP:0002650
name: Scoliosis
is_a: HP:0000924 ! Abnormality of the skeletal system

[Term]
id: HP:0009999
name: obsolete Curved spine
is_obsolete: true
replaced_by: HP:0002650

[Term]
id: HP:0000007
name: Autosomal recessive inheritance
is_a: HP:0000001 ! All

[Typedef]
id: part_of
name: part of
"""
COLUMNS = ("database_id", "disease_name", "qualifier", "hpo_id", "reference", "evidence", "onset", "frequency")
HEADER = "\t".join((*COLUMNS, "sex", "modifier", "aspect", "biocuration"))
ROWS = (
    ("OMIM:1", "Synthetic spine disease 1", "", "HP:0002650", "PMID:1", "3/4", "P"),
    ("OMIM:1", "Synthetic spine disease 1", "", "HP:0001166", "PMID:2", "HP:0040281", "P"),
    ("OMIM:1", "Synthetic spine disease 1", "", "HP:0000007", "PMID:2", "", "I"),
    ("OMIM:2", "Synthetic spine disease 2", "", "HP:0009999", "PMID:3", "50%", "P"),
    ("OMIM:2", "Synthetic spine disease 2", "NOT", "HP:0001250", "PMID:3", "", "P"),
    ("OMIM:3", "Synthetic fits", "", "HP:0002197", "PMID:1", "", "P"),
    ("OMIM:3", "Synthetic fits", "", "HP:0001275", "PMID:4", "10/10", "P"),
    ("OMIM:4", "Synthetic both", "", "HP:0001250", "OMIM:4", "2/8", "P"),
    ("OMIM:4", "Synthetic both", "", "HP:0002650", "OMIM:4", "4/8", "P"),
    ("ORPHA:9", "Synthetic fits", "", "HP:0001166", "ORPHA:9", "HP:0040283", "P"),
)
GENES = """ncbi_gene_id\tgene_symbol\thpo_id\thpo_name\tfrequency\tdisease_id
1\tSYN1\tHP:0002650\tScoliosis\t-\tOMIM:1
1\tSYN1\tHP:0002650\tScoliosis\t-\tOMIM:2
2\tSYN2\tHP:0001250\tSeizure\t-\tOMIM:3
"""


def write_release(folder: Path, version: str = "2024-01-01") -> Path:
    """Write the three files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hp.obo").write_text(OBO.format(version=version), "utf-8")
    lines = [f"#version: {version}", HEADER]
    for disease, name, qualifier, term, reference, frequency, aspect in ROWS:
        lines.append("\t".join((disease, name, qualifier, term, reference, "PCS", "", frequency, "", "", aspect, "x")))
    (folder / "phenotype.hpoa").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "genes_to_phenotype.txt").write_text(GENES, "utf-8")
    return folder
