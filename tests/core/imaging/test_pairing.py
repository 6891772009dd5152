"""Priors are found by group, part and date; stacks are linked by position or by what the reader set."""

import pytest

from core.imaging.pairing import body_part, depths, link, nearest, prior_of, set_by_hand
from core.imaging.types import Instance, Plane, Series


def series(uid: str, modality: str = "CR", part: str = "CHEST", day: str = "2026-01-10", **other: object) -> Series:
    """A series of one film, or of slices at `places` (mm)."""
    places = other.get("places", ())
    frame, view, said = str(other.get("frame", "")), str(other.get("view", "")), str(other.get("said", ""))
    sign = float(other.get("sign", 1.0))  # type: ignore[arg-type]
    instances = tuple(
        Instance(f"{uid}/{n}", modality=modality, time=day, view=view, frame_of_reference_uid=frame,
                 planes=(Plane((0, 0, z), (1, 0, 0), (0, sign, 0), (1, 1)),))
        for n, z in enumerate(places)  # type: ignore[arg-type, var-annotated]
    )  # fmt: skip
    return Series(uid, modality, said, 1, part, instances or (Instance(uid, modality=modality, time=day, view=view),))


def test_the_newest_older_film_of_the_part_is_the_prior() -> None:
    now = series("now", "DX", view="PA")
    old, older = series("old", day="2025-06-01", view="PA"), series("older", day="2024-06-01", view="PA")
    lateral, knee = series("lateral", day="2025-12-01", view="LL"), series("knee", part="KNEE", day="2025-12-01")
    found = prior_of(now, [older, lateral, knee, old])
    assert found is not None and found.prior.uid == "old" and found.days == 223 and found.same_view


@pytest.mark.parametrize(
    "other",
    [series("b", "CT", day="2025-01-01"), series("b", part="KNEE", day="2025-01-01"), series("b", day="2026-01-10"),
     series("b", day=""), series("b", day="2026-02-01")],
)  # fmt: skip
def test_other_kind_part_or_day_is_no_prior(other: Series) -> None:
    assert prior_of(series("a"), [other]) is None


def test_an_unstated_part_pairs_only_with_the_same_description() -> None:
    now, same = series("a", part="", said="w"), series("b", part="", said="W", day="2025-01-01")
    other = series("c", part="", said="x", day="2025-01-01")
    found = prior_of(now, [other, same])
    assert found is not None and found.prior.uid == "b"
    assert prior_of(now, [other]) is None


@pytest.mark.parametrize(
    ("part", "said", "name"),
    [("THORAX", "", "chest"), ("", "CHEST PA", "chest"), ("", "胸部正位", "chest"), ("", "orchestra", ""),
     ("ELBOW", "", "ELBOW")],
)  # fmt: skip
def test_body_part_by_one_name(part: str, said: str, name: str) -> None:
    assert body_part(series("a", part=part, said=said)) == name


def test_depth_points_to_the_head_whatever_the_order() -> None:
    up, turned = series("a", places=(0, 5, 10)), series("b", places=(0, 5, 10), sign=-1)
    assert depths(up) == [0, 5, 10] and depths(turned) == [0, 5, 10]
    assert depths(series("c")) is None


def test_one_frame_of_reference_links_by_position() -> None:
    a, b = series("a", places=(0, 5, 10), frame="f"), series("b", places=(-50, 5, 60), frame="f")
    found = link(a, b)
    assert found is not None and found.how == "position" and found.offset_mm == 0


def test_other_frames_link_by_their_middles_until_set_by_hand() -> None:
    a, b = series("a", places=(0, 5, 10), frame="f"), series("b", places=(100, 105, 110), frame="g")
    found = link(a, b)
    assert found is not None and found.how == "relative" and found.offset_mm == 100
    here, there = depths(a), depths(b)
    assert here is not None and there is not None
    assert nearest(here[2] + found.offset_mm, there) == 2
    hand = set_by_hand(here, 0, there, 1)
    assert hand.by_hand and nearest(here[1] + hand.offset_mm, there) == 2


def test_stacks_of_other_direction_are_not_linked() -> None:
    a = series("a", places=(0, 5, 10))
    plane = Plane((0, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1))
    sagittal = Series("s", "CT", "", 1, "", tuple(Instance(str(n), planes=(plane,)) for n in range(3)))
    assert link(a, sagittal) is None
