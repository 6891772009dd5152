"""The library: every page opens, every link leads somewhere, names are found in both languages, sources are stated."""

import json

import pytest

from core.domain.basics import Label
from core.errors import UserError
from core.library import shelf
from core.library.entry import Entry, Kind, Ref
from core.verbs import run


@pytest.fixture(scope="module")
def pages() -> dict[Ref, Entry]:
    return {hit.ref: shelf.page(hit.ref) for hit in shelf.search("", most=10**6)}


def test_every_page_opens_and_every_link_leads_to_one(pages: dict[Ref, Entry]) -> None:
    assert len(pages) == sum(shelf.counts().values()) > 5000
    links = {row.target for page in pages.values() for part in page.parts for row in part.rows if row.target}
    assert links and not links - set(pages)


def test_every_page_says_where_it_comes_from(pages: dict[Ref, Entry]) -> None:
    silent = [ref for ref, page in pages.items() if not page.sources]
    assert not silent
    rules = [
        row
        for page in pages.values()
        for part in page.parts
        if part.title.en in ("Interactions", "In this patient", "Handling")
        for row in part.rows
    ]
    assert rules and all(row.source is not None and row.source.title for row in rules)


def test_labels_are_in_both_languages(pages: dict[Ref, Entry]) -> None:
    titles: set[Label] = {part.title for page in pages.values() for part in page.parts}
    assert all(t.en and t.zh for t in titles)


@pytest.mark.parametrize(
    ("words", "kind", "expected"),
    [
        ("pneumonia", None, Ref(Kind.CONDITION, "pneumonia")),
        ("肺炎", Kind.CONDITION, Ref(Kind.CONDITION, "pneumonia")),
        ("J18.9", None, Ref(Kind.CONDITION, "pneumonia")),
        ("B01AA03", None, Ref(Kind.MEDICINE, "warfarin")),
        ("华法林", None, Ref(Kind.MEDICINE, "warfarin")),
        ("HP:0001945", None, Ref(Kind.FINDING, "fever")),
    ],
)
def test_the_first_hit(words: str, kind: Kind | None, expected: Ref) -> None:
    assert shelf.search(words, kind)[0].ref == expected


def test_exact_names_come_before_longer_ones_and_every_word_counts() -> None:
    names = [hit.matched.casefold() for hit in shelf.search("gout")]
    assert names[0] == "gout" and all("gout" in n for n in names)
    assert shelf.search("gout nosuchword") == ()


def test_a_finding_lists_the_conditions_it_is_commonest_in() -> None:
    part = next(p for p in shelf.page(Ref(Kind.FINDING, "fever")).parts if p.title.en == "Speaks for")
    shares = [row.share for row in part.rows]
    assert shares == sorted(shares, reverse=True) and len(shares) == 40  # type: ignore[type-var]


def test_what_is_not_known_of_a_medicine_is_never_called_safe() -> None:
    words = {
        row.value.en
        for page in map(shelf.page, (Ref(Kind.MEDICINE, h.ref.id) for h in shelf.search("", Kind.MEDICINE, 10**6)))
        for part in page.parts
        if part.title.en == "Handling"
        for row in part.rows
    }
    assert "not known: never taken for safe" in words and "" not in words


def test_no_such_page() -> None:
    with pytest.raises(UserError, match="has no condition"):
        shelf.page(Ref(Kind.CONDITION, "no_such"))


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["knowledge", "search", "warfarin", "--kind", "medicine"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["ref"] == {"kind": "medicine", "id": "warfarin"}
    assert run(["knowledge", "show", "condition", "pneumonia"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["label"]["zh"] == "肺炎" and shown["parts"]
    assert run(["knowledge", "show", "score", "nothing"]) == 2
