"""The explanation as sections of a report: waterfall, share by source, evidence maps, checks."""

from collections.abc import Sequence

from core.domain.case import Case
from core.domain.explanation import Check, FindingExplanation, ImageExplanation
from core.report.model import Block, Heat, Line, Picture, Section, Shares, Tone, Waterfall
from core.report.words import word

SHOWN = 10
"""Contributions drawn one by one; the rest are summed."""


def explanation_section(case: Case, language: str) -> Section | None:
    """The first hypothesis' explanation and those of the images."""
    explanation = case.explanation
    if explanation is None or not (explanation.findings or explanation.images):
        return None
    blocks: list[Block] = []
    for first in explanation.findings[:1]:
        blocks += _of_findings(case, first, language)
    for image in explanation.images:
        blocks += _of_image(image, language)
    blocks.append(Line(word("explains_model", language), Tone.MUTED))
    return Section(word("explanation", language), tuple(blocks))


def _of_findings(case: Case, explained: FindingExplanation, language: str) -> list[Block]:
    hypotheses = case.assessment.hypotheses if case.assessment else ()
    name = next(
        (h.label.text(language) for h in hypotheses if h.id == explained.hypothesis_id), explained.hypothesis_id
    )
    ordered = sorted(explained.contributions, key=lambda c: -abs(c.value))
    steps = [(c.label.text(language), c.value) for c in ordered[:SHOWN]]
    if ordered[SHOWN:]:
        rest = sum(c.value for c in ordered[SHOWN:])
        steps.append((f"{len(ordered) - SHOWN} {word('others', language)}", rest))
    error = f"{word('additivity_error', language)} {explained.additivity_error:.1g}"
    method = f"{explained.method} · {error} · {explained.evaluations} {word('evaluations', language)}"
    return [
        Line(name, level=1),
        Waterfall(explained.base_log_odds, explained.log_odds, tuple(steps)),
        Line(word("by_source", language), level=1),
        Shares(_shares(explained, language)),
        Line(method, Tone.MUTED),
        *_checks(explained.checks, language),
    ]


def _shares(explained: FindingExplanation, language: str) -> tuple[tuple[str, float, float], ...]:
    whole = sum(abs(c.value) for c in explained.contributions)
    origins = dict.fromkeys(c.origin for c in explained.contributions)
    shares = []
    for origin in origins:
        own = [c.value for c in explained.contributions if c.origin == origin]
        shares.append((word(origin, language), sum(map(abs, own)) / whole if whole else 0.0, sum(own)))
    return tuple(sorted(shares, key=lambda s: -s[1]))


def _of_image(image: ImageExplanation, language: str) -> list[Block]:
    caption = (
        f"{word('image_map', language)}: {image.label.text(language)} · {image.pack.name} {image.pack.version} · "
        f"{image.method}, {image.evaluations} {word('evaluations', language)} · "
        f"{word('additivity_error', language)} {image.additivity_error:.1g}"
    )
    heat = Heat(image.rows, image.columns, image.values, image.box)
    return [
        Picture(image.image_id, caption, heat, any(not c.passed for c in image.checks)),
        *_checks(image.checks, language),
    ]


def _checks(checks: Sequence[Check], language: str) -> list[Block]:
    lines: list[Block] = []
    for check in checks:
        verdict, tone = ("passed", Tone.MUTED) if check.passed else ("failed", Tone.RED)
        text = f"{check.name.text(language)}: {check.value:.3g} {check.text} · {word(verdict, language)}"
        lines.append(Line(text, tone))
    return lines
