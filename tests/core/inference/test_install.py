"""Installing packs: signed and sound ones get in; altered, hostile and unsigned ones leave everything as it was."""

import json
import zipfile
from pathlib import Path

import pytest

from core.errors import Unreadable, UserError
from core.inference import install, packs
from core.store.store import Store
from core.store.users import Role
from core.verbs import run
from tests.core import tiny_pack


@pytest.fixture
def made(tmp_path: Path, profile: Path) -> Path:
    """A signed pack file whose key is trusted."""
    folder = tiny_pack.write(tmp_path / "tiny").folder
    install.new_key(tmp_path / "maker.pem")
    install.trust(tmp_path / "maker.pub.pem")
    install.export_pack(folder, tmp_path / "tiny.zip", tmp_path / "maker.pem")
    return tmp_path / "tiny.zip"


def rewritten(source: Path, changes: dict[str, bytes]) -> Path:
    target = source.with_name("other.zip")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        kept = {name: old.read(name) for name in old.namelist()}
        for name, data in (kept | changes).items():
            new.writestr(name, data)
    return target


def ids() -> list[str]:
    return [p.id for p in packs.installed() if p.id.startswith("tiny")]


def test_a_signed_pack_installs_rolls_back_and_goes(made: Path, tmp_path: Path) -> None:
    assert install.install(made).pack_version == "1.0.0"
    newer = tiny_pack.write(tmp_path / "newer" / "tiny", version="1.1.0").folder
    install.export_pack(newer, tmp_path / "newer.zip", tmp_path / "maker.pem")
    assert run(["models", "install", str(tmp_path / "newer.zip")]) == 0
    assert packs.find("tiny").pack_version == "1.1.0"
    assert install.rollback("tiny").pack_version == "1.0.0"
    assert install.rollback("tiny").pack_version == "1.1.0"
    install.remove("tiny")
    assert ids() == []


def test_unsigned_needs_an_administrator(made: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not signed"):
        install.install(tmp_path / "tiny")
    assert ids() == []
    assert install.install(tmp_path / "tiny", allow_unsigned=True).id == "tiny"


def test_another_makers_signature_and_an_altered_manifest_are_refused(made: Path, tmp_path: Path) -> None:
    install.new_key(tmp_path / "stranger.pem")
    install.export_pack(tmp_path / "tiny", tmp_path / "strange.zip", tmp_path / "stranger.pem")
    with pytest.raises(Unreadable, match="not by a key trusted"):
        install.install(tmp_path / "strange.zip", allow_unsigned=True)
    with zipfile.ZipFile(made) as archive:
        manifest = json.loads(archive.read(packs.MANIFEST))
    manifest["labels"][0]["threshold"] = 0.01
    with pytest.raises(Unreadable, match="not by a key trusted"):
        install.install(rewritten(made, {packs.MANIFEST: json.dumps(manifest).encode()}))
    with pytest.raises(Unreadable, match="altered"):
        install.install(rewritten(made, {"MODEL_CARD.md": b"TINY\n"}))
    with pytest.raises(Unreadable, match="outside its folder"):
        install.install(rewritten(made, {"../escape.txt": b"x"}))
    assert ids() == [] and not (tmp_path / "escape.txt").exists()


@pytest.mark.parametrize("kind", ["method", "stream", "encrypted"])
def test_a_damaged_pack_file_is_refused(made: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(made) as good, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in good.namelist():
            archive.writestr(name, good.read(name))
    data = bytearray(path.read_bytes())
    directory = data.index(b"PK\x01\x02")
    if kind == "method":
        data[8] = data[directory + 10] = 77
    elif kind == "encrypted":
        data[6] |= 1
        data[directory + 8] |= 1
    else:
        start = 30 + int.from_bytes(data[26:28], "little") + int.from_bytes(data[28:30], "little")
        data[start : start + 20] = b"\xff" * 20
    path.write_bytes(data)
    with pytest.raises(Unreadable, match="not a pack"):
        install.install(path)


def test_what_is_no_pack_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK no")
    with pytest.raises(Unreadable, match="not a pack file"):
        install.install(tmp_path / "x.zip")
    with pytest.raises(UserError, match="no earlier version"):
        install.rollback("tiny")
    with pytest.raises(UserError, match="not installed by a user"):
        install.remove("tiny")
    with pytest.raises(UserError, match="not a public key"):
        install.trust(tmp_path / "x.zip")


def test_where_the_store_has_users_an_administrator_installs_and_it_is_audited(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open() as store:
        store.users.add("chief", Role.ADMINISTRATOR, "long enough password")
        store.users.sign_in("chief", "long enough password")
        store.users.add("doc", Role.CLINICIAN, "another password")
    monkeypatch.setenv("CONSILIUM_PASSWORD", "another password")
    assert run(["models", "install", str(made)]) == 2 and "Nobody is signed in" in capsys.readouterr().err
    assert run(["models", "install", str(made), "--by", "doc"]) == 2 and "does not allow" in capsys.readouterr().err
    assert ids() == []
    monkeypatch.setenv("CONSILIUM_PASSWORD", "long enough password")
    assert run(["models", "install", str(made), "--by", "chief"]) == 0 and ids() == ["tiny"]
    assert run(["models", "remove", "tiny", "--by", "chief"]) == 0 and ids() == []
    with Store.open() as store:
        events = [(e.action, e.user) for e in store.audit.events()]
    assert ("install_pack", "chief") in events and ("remove_pack", "chief") in events


def test_the_dry_run_installs_nothing_and_says_what_refuses(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "check", str(made)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] and found["signed"] and found["pack_id"] == "tiny" and ids() == []
    bad = rewritten(made, {"MODEL_CARD.md": b"other"})
    assert run(["models", "check", str(bad)]) == 2
    checks = {c["step"]: c for c in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["files"]["state"] == "refused" and "altered" in checks["files"]["what"]
    assert checks["signature"]["state"] == "ok" and checks["trial"]["state"] == "not run"
