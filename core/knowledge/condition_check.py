"""Does what the condition files say make sense? Checked against the finding vocabulary and against each other.

`python -m core.knowledge.condition_check [FILE...]` prints the problems of the named files (of all without names) and
exits 1 when there is an error. Warnings are worth a look and are not errors.
"""

import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.domain.assessment import Urgency
from core.errors import UserError
from core.knowledge.conditions import FOLDER, Condition, read, read_yaml
from core.paths import RESOURCES

FINDINGS = RESOURCES / "knowledge" / "findings"
KINDS = ("symptom", "sign", "history", "risk", "exposure", "laboratory", "vital", "imaging", "ecg", "test")
ALL_KINDS = (*KINDS, "demographic", "medication")
_ID = re.compile(r"[a-z][a-z0-9_]*")
_ICD10 = re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?")
_CJK = re.compile(r"[\u4e00-\u9fff]")
_MIN_FINDINGS = 6
_SLACK = 0.02


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong (`error`) or odd (`warning`) with a file's entry."""

    level: str
    file: str
    entry: str
    text: str

    def __str__(self) -> str:
        return f"{self.level}: {self.file}: {self.entry}: {self.text}"


Vocabulary = Mapping[str, Mapping[str, Any]]


def read_findings(folder: Path = FINDINGS) -> tuple[dict[str, dict[str, Any]], list[Problem]]:
    """Finding entries by id as written in the files, and what is wrong with them (defined twice, unknown parent)."""
    found: dict[str, dict[str, Any]] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        for entry in read_yaml(path) or []:
            name = str(entry.get("id", "?"))
            if name in found:
                problems.append(Problem("error", path.name, name, f"also defined in {found[name]['file']}"))
            else:
                found[name] = {**entry, "file": path.name}
    for name, entry in found.items():
        problems += _finding(name, entry, found)
    return found, problems


def _finding(name: str, entry: Mapping[str, Any], vocabulary: Vocabulary) -> Iterator[Problem]:
    def error(text: str) -> Problem:
        return Problem("error", str(entry["file"]), name, text)

    if not _ID.fullmatch(name):
        yield error("an id is lower-case letters, digits and _")
    if entry.get("kind") not in ALL_KINDS:
        yield error(f"kind {entry.get('kind')!r} is none of {', '.join(ALL_KINDS)}")
    if not entry.get("en") or not _CJK.search(str(entry.get("zh", ""))):
        yield error("needs `en` and a Chinese `zh`")
    for parent in entry.get("parents", []) or []:
        if parent not in vocabulary:
            yield error(f"parent {parent} is not defined")
    if "background" in entry and not 0 < float(entry["background"]) < 1:
        yield error("background is a share strictly between 0 and 1")


def check(conditions: tuple[Condition, ...], vocabulary: Vocabulary) -> list[Problem]:
    """Every problem of the conditions, in file order."""
    problems: list[Problem] = []
    for condition in conditions:
        problems += [Problem("error", condition.file, condition.id, text) for text in _errors(condition, vocabulary)]
        problems += [
            Problem("warning", condition.file, condition.id, text) for text in _warnings(condition, vocabulary)
        ]
    return problems + _clashes(conditions)


def _errors(condition: Condition, vocabulary: Vocabulary) -> Iterator[str]:
    if not _ID.fullmatch(condition.id):
        yield "an id is lower-case letters, digits and _"
    if not _CJK.search(condition.label.zh) or any(not _CJK.search(name) for name in condition.synonyms_zh):
        yield "the Chinese name or a Chinese synonym has no Chinese characters"
    for code in condition.icd10:
        if not _ICD10.fullmatch(code):
            yield f"{code} is not an ICD-10 code"
    if not condition.icd10 or not condition.sources:
        yield "needs at least one ICD-10 code and one source"
    if condition.cant_miss and condition.urgency in {Urgency.ROUTINE, Urgency.SELF_CARE}:
        yield f"cannot be can't-miss and {condition.urgency.value}"
    if len(condition.findings) < _MIN_FINDINGS:
        yield f"has {len(condition.findings)} findings; {_MIN_FINDINGS} are needed"
    used = _used(condition)
    for name in used:
        if name not in vocabulary:
            yield f"finding {name} is not in the vocabulary"
    for name in sorted({name for name in used if used.count(name) > 1}):
        yield f"{name} stands in two of findings, risk_factors, tests, rare_if"
    yield from _contradictions(condition, vocabulary)


def _used(condition: Condition) -> list[str]:
    names = [link.id for link in condition.findings] + [risk.id for risk in condition.risk_factors]
    return names + [test.id for test in condition.tests] + list(condition.rare_if)


def _contradictions(condition: Condition, vocabulary: Vocabulary) -> Iterator[str]:
    p = {link.id: link.p for link in condition.findings}
    for name, share in p.items():
        for parent in vocabulary.get(name, {}).get("parents", []) or []:
            if parent in p and share > p[parent] + _SLACK:
                yield f"{name} ({share}) is a kind of {parent} ({p[parent]}) and cannot be more frequent"
    for link in condition.findings:
        if link.defining and link.p < 0.8:
            yield f"{link.id} is defining and so needs p of at least 0.8"


def _warnings(condition: Condition, vocabulary: Vocabulary) -> Iterator[str]:
    if max((link.p for link in condition.findings), default=0) < 0.5:
        yield "no finding has p of 0.5 or more"
    for link in condition.findings:
        background = float(vocabulary.get(link.id, {}).get("background", 0.01))
        if 0.8 < link.p / background < 1.25:
            yield f"{link.id}: p {link.p} is its background {background}, so it says nothing"
    for test in condition.tests:
        if test.sensitivity + test.specificity <= 1.05:
            yield f"{test.id}: sensitivity and specificity make it useless"


def plain(name: str) -> str:
    """A name for matching: lower case, no accents, no punctuation, American spelling; Chinese without spaces.

    British and American spelling are one name: "oesophageal tumour" and "esophageal tumor".
    """
    folded = unicodedata.normalize("NFKD", name.lower().replace("'s ", " ").replace("\u2019s ", " "))
    text = re.sub(r"[^0-9a-z\u4e00-\u9fff]+", " ", "".join(c for c in folded if not unicodedata.combining(c)))
    text = re.sub(r"(?<=[a-z])our\b", "or", re.sub(r"[ao]e(?=[a-z])", "e", text))
    return re.sub(r"(?<=[\u4e00-\u9fff]) +| +(?=[\u4e00-\u9fff])", "", text).strip()


def _clashes(conditions: tuple[Condition, ...]) -> list[Problem]:
    """A name or synonym that two conditions claim."""
    owners: dict[str, dict[str, Condition]] = defaultdict(dict)
    for condition in conditions:
        for name in (condition.label.en, condition.label.zh, *condition.synonyms_en, *condition.synonyms_zh):
            owners[plain(name)][condition.id] = condition
    return [
        Problem(
            "error", condition.file, condition.id, f"the name {name!r} also belongs to {', '.join(set(who) - {key})}"
        )
        for name, who in owners.items()
        if len(who) > 1
        for key, condition in who.items()
    ]


def main(names: list[str]) -> int:
    """Print the problems; 1 when there is an error."""
    try:
        vocabulary, problems = read_findings()
        problems += check(read(FOLDER), vocabulary)
    except UserError as error:
        sys.stdout.write(f"error: {error}\n")
        return 1
    wanted = {Path(name).name for name in names}
    shown = [problem for problem in problems if not wanted or problem.file in wanted]
    sys.stdout.writelines(f"{problem}\n" for problem in shown)
    errors = sum(problem.level == "error" for problem in shown)
    sys.stdout.write(f"{errors} errors, {len(shown) - errors} warnings\n")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
