"""Reading an HPO release, building a pack, keeping the old one, dropping in a newer one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import Unreadable, UserError
from core.knowledge import hpo
from core.knowledge.hpo import Csr, RarePack, load, newest, read, save
from core.knowledge.hpo_build import (
    AnnotationBook,
    Smoother,
    TermSpace,
    build,
    draft,
    orphanet_map,
    release_in,
    series_of,
)
from core.knowledge.hpo_overlay import overlay
from core.knowledge.obo import Annotation, frequency_counts, read_hpoa, read_obo
from core.paths import packs
from core.progress import Cancelled
from core.verbs import run
from tests.core.knowledge.release import OBO, write_release


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return write_release(tmp_path / "release")


@pytest.fixture
def pack(release: Path) -> RarePack:
    return build(release_in(release))


def shown(table: Csr, row: int) -> dict[int, float]:
    values, weights = table.row(row)
    return dict(zip(values.tolist(), weights.tolist(), strict=True))


def test_ontology_as_written(release: Path) -> None:
    ontology = read_obo(release / "hp.obo")
    seizure = ontology.terms["HP:0001250"]
    assert ontology.version == "2024-01-01"
    assert seizure.exact == ("Fits",)
    assert seizure.other == ("Attack",)
    assert seizure.parents == ("HP:0000707",)
    assert ontology.replaced == {"HP:0001275": "HP:0001250", "HP:0009999": "HP:0002650"}
    assert "HP:0009999" not in ontology.terms


def test_annotations_as_written(release: Path) -> None:
    version, rows = read_hpoa(release / "phenotype.hpoa")
    assert version == "2024-01-01"
    assert len(rows) == 10
    assert [r.disease for r in rows if r.negated] == ["OMIM:2"]


@pytest.mark.parametrize(
    ("text", "counts"),
    [("", None), ("3/4", (3.0, 4.0)), ("50%", (5.0, 10.0)), ("HP:0040281", (9.0, 10.0)), ("1/0", None), ("x%", None)],
)
def test_frequencies(text: str, counts: tuple[float, float] | None) -> None:
    assert frequency_counts(text) == counts


@pytest.mark.parametrize("text", ["", "nothing", OBO.replace("data-version", "other"), "[Term]\nid: HP:1\n"])
def test_not_an_ontology(tmp_path: Path, text: str) -> None:
    (tmp_path / "hp.obo").write_text(text, "utf-8")
    with pytest.raises(Unreadable):
        read_obo(tmp_path / "hp.obo")


@pytest.mark.parametrize("damage", ["cut", "column", "empty", "bytes"])
def test_damaged_annotations(release: Path, damage: str) -> None:
    path = release / "phenotype.hpoa"
    text = path.read_text("utf-8")
    made = {
        "cut": text + "OMIM:9\tcut off",
        "column": text.replace("hpo_id", "term"),
        "empty": "",
        "bytes": "\udcff",
    }
    path.write_bytes(made[damage].encode("utf-8", "surrogateescape"))
    with pytest.raises(Unreadable):
        read_hpoa(path)


def test_a_term_stanza_without_a_name(tmp_path: Path) -> None:
    (tmp_path / "hp.obo").write_text(OBO.format(version="1").replace("name: Scoliosis\n", ""), "utf-8")
    with pytest.raises(Unreadable, match="HP:0002650"):
        read_obo(tmp_path / "hp.obo")


def test_a_release_without_annotations_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"hp\.obo"):
        release_in(tmp_path)


def test_profiles_imply_ancestors_and_borrow(pack: RarePack) -> None:
    scoliosis, skeletal, thin = (pack.number[t] for t in ("HP:0002650", "HP:0000924", "HP:0001166"))
    one, two, fits = (pack.disease_number[d] for d in ("OMIM:1", "OMIM:2", "OMIM:3"))
    assert shown(pack.picture, one)[scoliosis] == pytest.approx((3 + 1.5) / (4 + 3))
    at_skeletal = shown(pack.postings, skeletal)
    assert at_skeletal[one] == pytest.approx(shown(pack.postings, thin)[one])  # the commoner child decides
    assert 0 < shown(pack.postings, thin)[two] < 0.2  # borrowed from the sibling of the same gene
    assert 0 < shown(pack.postings, thin)[fits] < 0.3  # borrowed from Orphanet by name
    assert pack.term("HP:0001275") == pack.number["HP:0001250"]
    assert pack.term("HP:0009999") == scoliosis
    assert pack.term("HP:0000007") is None  # inheritance is no phenotype
    assert pack.of_gene["SYN1"] == (one, two)
    assert series_of("Synthetic spine disease 1") == series_of("Synthetic spine disease 2")


def test_an_orphanet_link_needs_telling_words_or_a_gene(release: Path) -> None:
    def rows(names: dict[str, str]) -> list[Annotation]:
        return [Annotation(d, n, False, "HP:0002650", "PMID:1", "", "", "", "", "P") for d, n in names.items()]

    names = {
        "OMIM:1": "Synthetic spine dwarfism, type II",
        "OMIM:2": "Other disease of the spine",
        "ORPHA:1": "Synthetic spine dwarfism type 2",
        "ORPHA:2": "Spine fever",
    }
    space = TermSpace(read_obo(release / "hp.obo"))
    book = AnnotationBook(rows(names), space)
    assert orphanet_map(book, {}) == {"OMIM:1": {"ORPHA:1": pytest.approx(1.0)}}
    against = {"OMIM:1": {"SYN1"}, "ORPHA:1": {"SYN2"}}
    assert orphanet_map(book, against) == {}  # other genes speak against a likeness of names


@pytest.mark.parametrize(("term", "taken"), [("HP:0001166", True), ("HP:0002197", False)])
def test_a_named_link_counts_only_where_the_pictures_are_alike(release: Path, term: str, taken: bool) -> None:
    """OMIM:1 shows arachnodactyly; a counterpart that shows fits instead lends nothing."""
    read_in = draft(release_in(release))
    rows = [Annotation("OMIM:1", "A", False, "HP:0001166", "PMID:2", "", "", "", "", "P")]
    rows += [Annotation("OMIM:2", "B", False, "HP:0002197", "PMID:2", "", "", "", "", "P")]
    rows += [Annotation("OMIM:3", "C", False, "HP:0002650", "PMID:2", "", "", "", "", "P")]
    rows += [Annotation("ORPHA:1", "D", False, term, "ORPHA:1", "", "", "", "", "P")]
    linked = [replace(d, orpha=("ORPHA:1=0.500",) if d.id == "OMIM:1" else ()) for d in read_in.diseases[:3]]
    smoother = Smoother(AnnotationBook(rows, read_in.space), linked, read_in.space)
    own = smoother.picture(replace(linked[0], orpha=()))
    assert (smoother.picture(linked[0]) != own) is taken


def test_descendants_are_ancestors_turned_round(pack: RarePack) -> None:
    for term in range(len(pack.terms)):
        for ancestor in pack.ancestors.row(term)[0]:
            assert term in pack.descendants.row(int(ancestor))[0]


def same(a: RarePack, b: RarePack) -> bool:
    arrays = all(
        np.array_equal(getattr(getattr(a, name), part), getattr(getattr(b, name), part))
        for name in ("ancestors", "descendants", "postings", "picture")
        for part in ("start", "values", "weights")
    )
    return arrays and (a.terms, a.diseases, a.version, a.number) == (b.terms, b.diseases, b.version, b.number)


def test_a_pack_survives_saving(pack: RarePack, tmp_path: Path) -> None:
    save(pack, tmp_path / "rare")
    save(pack, tmp_path / "rare")
    assert same(read(tmp_path / "rare"), pack)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("rare")] == ["rare"]


def test_a_damaged_pack_says_so(pack: RarePack, tmp_path: Path) -> None:
    save(pack, tmp_path / "rare")
    (tmp_path / "rare" / "meta.msgpack").write_bytes(b"\x00")
    with pytest.raises(UserError, match="damaged"):
        read(tmp_path / "rare")


def test_an_interrupted_write_leaves_the_old_pack(
    pack: RarePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(pack, tmp_path / "rare")

    def full_disk(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(hpo.np, "save", full_disk)
    with pytest.raises(OSError, match="no space"):
        save(replace(pack, hpoa_version="other"), tmp_path / "rare")
    monkeypatch.undo()
    assert read(tmp_path / "rare").hpoa_version == pack.hpoa_version
    save(replace(pack, hpoa_version="other"), tmp_path / "rare")
    assert read(tmp_path / "rare").hpoa_version == "other"


def test_a_cancelled_build_raises_cancelled(release: Path) -> None:
    def report(done: int, total: int, what: str) -> None:
        if done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        build(release_in(release), report)


def test_a_newer_release_is_dropped_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path / "packs"))
    for version in ("2024-01-01", "2025-02-03"):
        folder = write_release(tmp_path / version, version)
        assert run(["knowledge", "build", "rare", "--from", str(folder)]) == 0
    assert newest() is not None
    assert "2025-02-03" in str(newest())
    assert load().hpoa_version == "2025-02-03"
    assert len(list(packs().glob("rare-*"))) == 2
    assert "2025-02-03" in capsys.readouterr().out


def test_a_bad_release_leaves_the_packs_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path / "packs"))
    folder = write_release(tmp_path / "bad")
    (folder / "phenotype.hpoa").write_text("not it", "utf-8")
    assert run(["knowledge", "build", "rare", "--from", str(folder)]) == 2
    assert newest() is None


def test_the_overlay_is_what_a_full_rebuild_gives(release: Path, pack: RarePack, tmp_path: Path) -> None:
    """PMID:1 is cited for two diseases; both are rebuilt as if its rows had never been there."""
    layer = overlay(pack, draft(release_in(release)), [frozenset({"PMID:1"}), frozenset()])
    bare = write_release(tmp_path / "bare")
    rows = (bare / "phenotype.hpoa").read_text("utf-8").splitlines()
    (bare / "phenotype.hpoa").write_text("\n".join(r for r in rows if "\tPMID:1\t" not in r) + "\n", "utf-8")
    rebuilt = build(release_in(bare))
    stand_ins = layer.rows[frozenset({"PMID:1"})]
    assert set(stand_ins) == {pack.disease_number["OMIM:1"], pack.disease_number["OMIM:3"]}
    for disease, row in stand_ins.items():
        other = rebuilt.disease_number[pack.diseases[disease].id]
        assert shown(layer.pack.picture, row) == pytest.approx(shown(rebuilt.picture, other))
        for term in range(len(pack.terms)):
            left = shown(layer.pack.postings, term).get(row)
            assert left == pytest.approx(shown(rebuilt.postings, term).get(other))
    for term in range(len(pack.terms)):  # the rows as built are untouched
        before = shown(pack.postings, term)
        assert {d: f for d, f in shown(layer.pack.postings, term).items() if d < len(pack.diseases)} == before
    assert not layer.emptied
