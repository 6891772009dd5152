"""Every verb is documented, helped and fails with the right code."""

import json
from pathlib import Path

import pytest

import main
from core.errors import UserError
from core.verbs import _subverbs, all_verbs, build_parser, guarded, load, run

ROOT = Path(main.__file__).parent
DOCS = (ROOT / "docs" / "commands.md").read_text("utf-8")


def subcommands() -> list[str]:
    names = []
    for verb in all_verbs():
        names.append(verb)
        if verb in ("evaluate", "bench"):
            names += [f"{verb} {name}" for name in _subverbs.names(verb)]
    return names


@pytest.mark.parametrize("command", subcommands())
def test_every_command_is_documented(command: str) -> None:
    assert f"`{command}" in DOCS, f"docs/commands.md does not say what `{command}` does"


@pytest.mark.parametrize("verb", sorted(all_verbs()))
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        build_parser(verb).parse_args([verb, "--help"])
    assert stopped.value.code == 0
    assert len(capsys.readouterr().out) > 100
    assert load(verb).run.__doc__


def test_a_user_error_is_one_sentence_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> int:
        raise UserError("The file is empty.", "Choose another.")

    assert guarded(fails) == 2
    assert capsys.readouterr().err == "error: The file is empty. Choose another.\n"


def test_our_bug_is_exit_code_1(caplog: pytest.LogCaptureFixture) -> None:
    assert guarded(lambda: 1 // 0) == 1
    assert "ZeroDivisionError" in caplog.text


def test_a_missing_path_is_the_users_to_mend(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", "/nowhere/at/all"]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_analyze_writes_a_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ROOT / "resources" / "samples" / "chinese-note"
    assert run(["analyze", str(folder), "--out", str(tmp_path)]) == 0
    line = json.loads(capsys.readouterr().out)["cases"][0]
    case = json.loads(Path(line["file"]).read_text("utf-8"))
    assert case["assessment"]["hypotheses"][0]["id"] == "acute_appendicitis"
    assert case["record"]["patient"]["synthetic"] is True


def test_differential_of_typed_findings(capsys: pytest.CaptureFixture[str]) -> None:
    codes = ["right_lower_quadrant_pain", "pain_migrating_to_rlq", "fever", "!diarrhea"]
    assert run(["differential", "--finding", *codes, "--age", "20", "--sex", "male", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["hypotheses"][0]["id"] == "acute_appendicitis"
    assert run(["differential", "--finding", "no_such_thing"]) == 2
