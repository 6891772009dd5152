"""The report as a PDF that can be read, searched and copied from in both languages."""

from datetime import UTC, datetime
from pathlib import Path

from core.domain.case import Case
from core.errors import UserError
from core.report.build import build
from core.report.draw import Pen, Pixels, draw, height_mm
from core.report.model import Line, Report, Section
from core.report.paper import INK, MARGIN, MUTED, TEXT, Paper
from core.report.words import word


def write_pdf(case: Case, path: Path, language: str = "en", images: Pixels | None = None) -> None:
    """Write the report of a case to `path`, whole or not at all.

    `images` maps image ids to uint8 arrays (rows, columns); None reads those that an evidence map lies on from their
    files, as far as they are still there. Raises UserError where the file cannot be written.
    """
    data = pdf_bytes(case, language, images)
    beside = path.with_name(f".{path.name}.tmp")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        raise UserError(f"The report could not be written ({error.strerror}).", "Choose another folder.") from error
    finally:
        beside.unlink(missing_ok=True)


def pdf_bytes(case: Case, language: str = "en", images: Pixels | None = None) -> bytes:
    """The PDF's bytes; the same case gives the same bytes."""
    report = build(case, language)
    badge = word("synthetic", language) if report.synthetic else ""
    paper = Paper(report.identity, badge, word("disclaimer", language), word("page", language))
    _describe(paper, report)
    pen = Pen(paper, _pixels(case) if images is None else images, language)
    paper.page()
    _front(paper, report)
    for section in report.sections:
        _section(section, pen)
    return paper.finish()


def _describe(paper: Paper, report: Report) -> None:
    """The document's properties; no patient's name, since file managers and search engines show them."""
    paper.pdf.set_title(f"Consilium {report.title} {report.case_id}")
    paper.pdf.set_creator("Consilium")
    paper.pdf.set_lang("zh-CN" if report.language == "zh" else "en")
    try:
        made = datetime.strptime(report.as_of[:16], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        made = datetime(2000, 1, 1, tzinfo=UTC)
    paper.pdf.set_creation_date(made)


def _front(paper: Paper, report: Report) -> None:
    paper.put(MARGIN, paper.y + 4, report.title, 16, bold=True)
    paper.y += 9
    for name, text in report.facts:
        lines = paper.lines(text, 9, TEXT - 40)
        paper.put(MARGIN, paper.y + 3.2, name, 8.5, colour=MUTED)
        for line in lines:
            paper.put(MARGIN + 40, paper.y + 3.2, line, 9)
            paper.y += 4.5
    paper.y += 2


def _section(section: Section, pen: Pen) -> None:
    paper = pen.paper
    first, *rest = section.blocks
    headed = isinstance(first, Line) and first.level and rest
    paper.room(12 + (9 + height_mm(rest[0]) if headed else height_mm(first)))
    paper.y += 3
    paper.put(MARGIN, paper.y + 4.4, section.title, 12, bold=True, colour=INK)
    if section.remark:
        x = MARGIN + paper.width(section.title, 12, bold=True) + 4
        paper.put(x, paper.y + 4.4, section.remark, 7.5, colour=MUTED)
    paper.y += 6.6
    paper.rule(paper.y)
    paper.y += 1.6
    for block, following in zip(section.blocks, (*section.blocks[1:], None), strict=True):
        if isinstance(block, Line) and block.level and following is not None:
            paper.room(9 + height_mm(following))  # a small heading stays with what follows
        draw(block, pen)


def _pixels(case: Case) -> Pixels:
    """Pixels of the images that carry an evidence map, read from their files where those still are."""
    from core.imaging.pixels import presentation

    wanted = {i.image_id for i in case.explanation.images} if case.explanation else set()
    found = {}
    for ref in case.images:
        if ref.id in wanted and Path(ref.path).is_file():
            try:
                found[ref.id] = presentation(ref)
            except UserError:
                continue  # the report then says that the picture is not part of it
    return found
