"""The films of the sample cases: whose they are, as their records say. `python -m core.imaging.sample_films` redraws."""

import sys
from pathlib import Path

from core.imaging.phantom import ADULT, CHILD, Body, write
from core.paths import RESOURCES

Film = tuple[Body, int, int, float, dict[str, str]]

FILMS: dict[str, Film] = {
    "child-cough": (
        CHILD,
        960,
        960,
        0.25,
        {
            "root": "consilium-sample-child-film-1",
            "PatientName": "SAMPLECHILD^Ben",
            "PatientID": "SYN-003301",
            "IssuerOfPatientID": "urn:consilium:sample:mrn",
            "PatientBirthDate": "20220918",
            "PatientSex": "M",
            "PatientAge": "003Y",
            "StudyDate": "20251114",
            "StudyTime": "104000",
            "ViewPosition": "AP",
        },
    ),
    "adult-chest-pain": (
        ADULT,
        1080,
        960,
        0.38,
        {
            "root": "consilium-sample-adult-film-1",
            "PatientName": "TESTPATIENT^Rowan",
            "PatientID": "SYN-004217",
            "IssuerOfPatientID": "urn:consilium:sample:mrn",
            "PatientBirthDate": "19580302",
            "PatientSex": "F",
            "PatientAge": "067Y",
            "StudyDate": "20251114",
            "StudyTime": "091200",
            "ViewPosition": "PA",
        },
    ),
}


def write_films(folder: Path) -> tuple[Path, ...]:
    """Every sample film under `folder`/<case>/film.dcm."""
    written = []
    for case, (body, rows, columns, spacing_mm, tags) in FILMS.items():
        target = folder / case / "film.dcm"
        target.parent.mkdir(parents=True, exist_ok=True)
        write(target, body, rows=rows, columns=columns, spacing_mm=spacing_mm, tags=tags)
        written.append(target)
    return tuple(written)


if __name__ == "__main__":
    for made in write_films(RESOURCES / "samples"):
        sys.stdout.write(f"{made} {made.stat().st_size}\n")
