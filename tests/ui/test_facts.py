"""What the record column and banner gather from a case."""

from dataclasses import replace

from core.domain.record import Allergy, Observation
from tests.ui import builders
from ui.case.facts import allergies, key_values, series, short_name, timeline, unit_words
from ui.case.record import short_time


def test_series_keep_history_unit_and_flag() -> None:
    crp = next(s for s in series(builders.rowan()) if s.id == "1988-5")
    assert crp.values == (4, 3, 5, 6, 80, 186) and crp.text == "186" and crp.unit == "mg/L"
    assert (crp.mark, crp.tone) == ("H", "red")


def test_abnormal_values_stand_first() -> None:
    marks = [bool(s.mark) for s in series(builders.rowan())]
    assert marks == sorted(marks, reverse=True) and any(marks)


def test_nobody_said_high_means_no_mark() -> None:
    case = builders.rowan()
    plain = tuple(replace(o, flag="") for o in case.record.observations)
    case = replace(case, findings=(), record=replace(case.record, observations=plain))
    assert all(s.mark == "" for s in series(case))


def test_text_results_are_not_numbers() -> None:
    case = builders.rowan()
    text = Observation("x", (), "Culture", (), "laboratory", None, "no growth")
    case = replace(case, record=replace(case.record, observations=(*case.record.observations, text)))
    assert "Culture" not in [s.name.en for s in series(case)]


def test_banner_values_in_the_tables_order() -> None:
    assert [v.id for v in key_values(builders.rowan(), banner=True)] == ["weight", "egfr", "qtc"]
    assert {"crp", "spo2", "wbc"} <= {v.id for v in key_values(builders.rowan(), banner=False)}


def test_grave_allergies_first_refuted_left_out() -> None:
    case = builders.rowan()
    more = (Allergy("a3", (), "latex", (), status="refuted"), *reversed(case.record.allergies))
    case = replace(case, record=replace(case.record, allergies=more))
    assert [a.text for a in allergies(case)] == ["PENICILLIN", "codeine"]


def test_timeline_is_newest_first_and_opens_notes_and_images() -> None:
    lines = timeline(builders.rowan(film="film.png"))
    times = [line.time for line in lines]
    assert times == sorted(times, reverse=True)
    assert {"note:note-1", "image:img-1"} <= {line.target for line in lines}


def test_short_forms() -> None:
    assert short_time("2025-11-14T08:55:00+00:00") == "11-14 08:55" and short_time("2025-07-09") == "2025-07-09"
    assert unit_words("10*9/L") == "10⁹/L" and unit_words("mg/L") == "mg/L"
    assert short_name("Glucose [Mass/volume] in Blood") == "Glucose"
