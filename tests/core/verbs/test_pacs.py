"""The `pacs` verb: off until configured, held by the policy, and one round trip with a real archive."""

import json
from pathlib import Path

import pytest

from core.verbs import run
from tests.core.imaging.peers import CHINESE, chinese_stack, orthanc


def test_off_until_configured(capsys: pytest.CaptureFixture[str], profile: Path) -> None:
    """Also with sockets denied: no connection is tried."""
    assert run(["pacs", "echo"]) == 2
    assert "until an administrator configures one" in capsys.readouterr().err
    assert run(["pacs", "list"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {} and "until an administrator configures one" in shown.err


def test_a_broken_configuration_is_said(capsys: pytest.CaptureFixture[str], profile: Path) -> None:
    for text in ("{", '{"a": {"host": 5}}', '{"a": {"host": "x", "port": 104}}'):
        (profile / "pacs.json").write_text(text)
        assert run(["pacs", "echo"]) == 2 and "can't be read" in capsys.readouterr().err


def test_the_policy_holds(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"pacs_peers": ["ARCHIVE@pacs.example:104"]}')
    monkeypatch.setenv("CONSILIUM_POLICY", str(policy))
    assert run(["pacs", "echo", "--host", "127.0.0.1", "--called", "OTHER"]) == 2
    assert "policy does not allow OTHER@127.0.0.1:104" in capsys.readouterr().err
    assert run(["pacs", "find", "--url", "http://127.0.0.1:1/dicom-web"]) == 2
    assert "policy does not allow http://127.0.0.1:1/dicom-web" in capsys.readouterr().err


def test_wrong_words_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pacs", "find", "--host", "127.0.0.1", "Name=Wang"]) == 2
    assert "not KEY=VALUE" in capsys.readouterr().err
    assert run(["pacs", "move", "--url", "http://127.0.0.1:1/", "1.2", "--to", "THIRD"]) == 2
    assert "third node" in capsys.readouterr().err


@pytest.mark.pacs
def test_send_find_and_get_by_both_doors(
    capsys: pytest.CaptureFixture[str], profile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSILIUM_PACS_PASSWORD", "secret")
    storage = tmp_path / "orthanc"
    storage.mkdir()
    with orthanc(storage, {}) as made:
        peers = {
            "archive": {"host": made.dicom.host, "port": made.dicom.port, "called": made.dicom.called},
            "web": {"url": made.web.url, "user": "doctor"},
        }
        (profile / "pacs.json").write_text(json.dumps(peers))
        for name in peers:
            study, images, back = f"1.2.91.{len(name)}", tmp_path / name, tmp_path / f"{name}-back"
            chinese_stack(images, StudyInstanceUID=study, SeriesInstanceUID=study + ".1")
            shown = []
            for words in (
                ["echo"], ["send", str(images)], ["find", f"StudyInstanceUID={study}"], ["get", study, "--out", str(back)],
            ):  # fmt: skip
                assert run(["pacs", words[0], "--peer", name, *words[1:]]) == 0, capsys.readouterr().err
                shown.append(json.loads(capsys.readouterr().out))
            assert shown[0]["answers"] and shown[1]["sent"] == 4 and "secret" not in json.dumps(shown)
            assert shown[2]["studies"][0]["PatientName"] in {CHINESE, CHINESE.split("=")[0]}
            assert sorted(Path(f).name for f in shown[3]["files"]) == sorted(p.name for p in back.iterdir())
            assert len(shown[3]["files"]) == 4
