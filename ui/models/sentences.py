"""What the core says of packs and runs, in the user's language: its sentences carry names and numbers, so they are matched
against patterns whose Chinese stands in the table of translations."""

import re
from functools import cache

from core.errors import UserError
from ui.translate import LANGUAGE, coded, tr

WORDS = (
    "{name} is not a pack file.",
    "{name} holds too much for a model pack.",
    "{name} would grow {n}-fold when unpacked; weights do not.",
    "{name} holds a file twice.",
    "{name} holds a file outside its folder.",
    "{name} holds a link or a folder.",
    "The manifest of {name} is not valid at {place}: {why}.",
    "The model pack {name} was made for a newer version (manifest schema {n}).",
    "The model pack {name} holds files its manifest does not list: {file}.",
    "The signature of {name} is not by a key trusted here.",
    "The model pack {name} is not signed.",
    "The graph {name} {why}.",
    "The file {name} {why}.",
    "The model pack {name} was not installed: it failed its trial run: {why}.",
    "The model pack {name} gives other outputs here than it states (off by {n}).",
    "Not answered: {questions}.",
    "{name} cannot be the id of a pack.",
    "The graph has {n} outputs, the answers name {m}.",
    "{name} is of no kind that is read here.",
    "{name} is not there.",
    "{name} holds no config.json.",
    "{name} needs code of its own to run.",
    "{name} has no model.safetensors.",
    "{name} is a pickle, which runs code when it is read.",
    "No kind of pack has these inputs: {inputs}.",
    "{name} holds {n} films that can be read.",
    "{name} is no folder.",
    "The graph takes {n} columns, the answers name {m}.",
    "{name} has no column {column}.",
    "{name} holds no labelled example.",
    "{name} holds only the class {label}.",
    "{n} examples of {name} have no patient.",
    "The notes identify people in {n} places.",
    "{name} holds {n} notes.",
    "{name} cannot be read as text.",
    "No example is labelled {label}.",
    "Your role ({role}) does not allow this ({permission}).",
    "{n} signed cases with {m} of the rarer outcome are too few for a calibration ({kind}).",
    "A calibration on these {n} cases would not help (log-loss {loss} in cross-validation).",
    "No pack {name} is in service.",
    "There is no earlier version of {name}.",
    "Not promoted: {n} of {m} guardrails failed ({rule}).",
    "{n} cases are too few to measure a loss.",
)
FIXED = (
    "Name a pack folder or the ZIP file of one.",
    "It was not opened.",
    "A pack holds plain files only.",
    "Packs hold data, never code. It was not opened.",
    "Trust its maker's key (`models trust`) first.",
    "Update the program, or install an older version of the pack.",
    "Use small letters, digits and hyphens.",
    "Name them in their order.",
    "Code from a model folder is never run here.",
    "Ask an administrator.",
    "Export the model with its scores as an output.",
    "Report the processor and the versions shown by `models list`.",
    "Answer them in the file given with --answers.",
    "A model needs examples of two classes.",
    "The pack in service stays. See the table.",
    "Choose a file or a folder.",
    "There is no data.",
    "There is no model.",
    "The model gives no number for reference rows that lack a value.",
    "Fill the reference rows.",
)


def error_words(error: UserError) -> str:
    """What is wrong and what to do next."""
    return f"{sentence(error.what)} {sentence(error.next_step)}".strip()


def sentence(text: str) -> str:
    """A sentence of the core in the language in use; as it came where no pattern fits."""
    if LANGUAGE.code == "en" or not text:
        return text
    if (found := coded(text)) != text:
        return found
    for pattern, words in _patterns():
        if match := pattern.fullmatch(text):
            return tr(words, **match.groupdict())
    return text


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    made = []
    for words in WORDS:
        parts = re.split(r"\{(\w+)\}", words)
        regex = "".join(re.escape(p) if k % 2 == 0 else f"(?P<{p}>.+?)" for k, p in enumerate(parts))
        made.append((re.compile(regex, re.DOTALL), words))
    return tuple(made)
