"""Chinese labels of HPO from whatever wraps them; terms with them are read, denied and told of relatives."""

import gzip
import zipfile
from pathlib import Path

import platformdirs
import pytest

from core.domain.basics import Source
from core.domain.finding import Finding, Scope, Status
from core.domain.record import Note
from core.errors import UserError
from core.findings.phenotypes import Terms, phenotypes_in, prepare
from core.knowledge import hpo
from core.knowledge.hpo_build import build, release_in
from core.knowledge.hpo_chinese import labels
from core.verbs import run
from tests.core.knowledge.release import write_release

TABLE = (
    "source_language\ttranslation_language\tsubject_id\tpredicate_id\tsource_value\ttranslation_value\ttranslation_status\n"
    "en\tzh\tHP:0001166\trdfs:label\tArachnodactyly\t蜘蛛样指\tOFFICIAL\n"
    "en\tzh\tHP:0002650\trdfs:label\tScoliosis\t脊柱侧弯\tOFFICIAL\n"
    "en\tzh\tHP:0002650\tIAO:0000115\tA bend\t一种弯曲\tOFFICIAL\n"
)
BOTH = {"HP:0001166": "蜘蛛样指", "HP:0002650": "脊柱侧弯"}


@pytest.fixture(params=["tsv", "tsv.gz", "zip", "zip of gz"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    data = TABLE.encode()
    if request.param == "tsv":
        (tmp_path / "zh.tsv").write_bytes(data)
        return tmp_path / "zh.tsv"
    if request.param == "tsv.gz":
        (tmp_path / "zh.tsv.gz").write_bytes(gzip.compress(data))
        return tmp_path / "zh.tsv.gz"
    with zipfile.ZipFile(tmp_path / "zh.zip", "w") as archive:
        archive.writestr("hp-zh.synonyms.tsv", "subject_id\ttranslation_value\n")
        if request.param == "zip":
            archive.writestr("hp-zh.babelon.tsv", data)
        else:
            archive.writestr("hp-zh.babelon.tsv.gz", gzip.compress(data))
    return tmp_path / "zh.zip"


def test_labels_are_read_out_of_any_wrapping(table: Path) -> None:
    assert labels(table) == BOTH


def test_the_verb_takes_the_archive(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path / "packs"))
    folder = write_release(tmp_path / "release")
    assert run(["knowledge", "build", "rare", "--from", str(folder), "--chinese", str(table)]) == 0
    assert {t.id: t.zh for t in hpo.load().terms if t.zh} == BOTH


@pytest.mark.parametrize("content", [b"\x80\x81\x82", b"a\tb\n1\t2\n", b"PK\x03\x04 torn", b"\x1f\x8b torn", b""])
def test_what_is_no_table_is_told_and_nothing_is_built(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path / "packs"))
    wrong = tmp_path / "wrong.zip"
    wrong.write_bytes(content)
    with pytest.raises(UserError, match="wrong"):
        labels(wrong)
    folder = write_release(tmp_path / "release")
    assert run(["knowledge", "build", "rare", "--from", str(folder), "--chinese", str(wrong)]) == 2
    assert not list((tmp_path / "packs").glob("rare-*"))


def test_an_archive_without_a_table_and_a_missing_file_are_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(UserError, match="no table"):
        labels(tmp_path / "empty.zip")
    with pytest.raises(UserError, match="not a file"):
        labels(tmp_path / "missing.tsv")
    assert labels(None) == {}


@pytest.fixture(scope="module")
def terms(tmp_path_factory: pytest.TempPathFactory) -> Terms:
    folder = tmp_path_factory.mktemp("release")
    (folder / "zh.tsv").write_text(TABLE, "utf-8")
    pack = build(release_in(write_release(folder / "hpo"), folder / "zh.tsv"))
    return prepare(t for t in pack.terms)  # type: ignore[misc]


def read(text: str, terms: Terms) -> dict[str, tuple[Status, Scope]]:
    found: tuple[Finding, ...] = phenotypes_in(Note("n", text, Source("n", "text")), "chinese", (), terms)
    return {f.label.zh: (f.status, f.scope) for f in found}


@pytest.mark.parametrize(
    ("text", "name", "status", "scope"),
    [
        ("患儿有蜘蛛样指。", "蜘蛛样指", Status.PRESENT, Scope.CURRENT),
        ("无蜘蛛样指。", "蜘蛛样指", Status.ABSENT, Scope.CURRENT),
        ("未见蜘蛛样指、脊柱侧弯。", "脊柱侧弯", Status.ABSENT, Scope.CURRENT),
        ("否认脊柱侧弯，有蜘蛛样指。", "蜘蛛样指", Status.PRESENT, Scope.CURRENT),
        ("蜘蛛样指（-）。", "蜘蛛样指", Status.ABSENT, Scope.CURRENT),
        ("脊柱侧弯：无。", "脊柱侧弯", Status.ABSENT, Scope.CURRENT),
        ("不伴脊柱侧弯。", "脊柱侧弯", Status.ABSENT, Scope.CURRENT),
        ("疑似蜘蛛样指。", "蜘蛛样指", Status.PRESENT, Scope.UNCERTAIN),
        ("父亲有蜘蛛样指。", "蜘蛛样指", Status.PRESENT, Scope.FAMILY),
        ("有无脊柱侧弯？", "脊柱侧弯", Status.PRESENT, Scope.UNCERTAIN),
    ],
)
def test_chinese_terms_have_their_context(text: str, name: str, status: Status, scope: Scope, terms: Terms) -> None:
    assert read(text, terms)[name] == (status, scope)


def test_a_test_cannot_replace_the_users_pack(tmp_path: Path) -> None:
    pack = build(release_in(write_release(tmp_path / "release")))
    own = Path(platformdirs.user_cache_dir("Consilium", appauthor=False))
    with pytest.raises(AssertionError, match="replace the user's pack"):
        hpo.save(pack, own / "packs" / "rare-0000-00-00-f0")
    hpo.save(pack, tmp_path / "rare")
    assert (tmp_path / "rare").is_dir()
