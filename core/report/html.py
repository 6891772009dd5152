"""The report as one HTML page without scripts or links to elsewhere; the same sections as the PDF."""

from functools import singledispatch
from html import escape

from core.domain.case import Case
from core.report.build import build, percent
from core.report.model import Bars, Block, Columns, Grid, Line, Notice, Picture, Section, Shares, Waterfall
from core.report.words import word

_STYLE = """body{font:15px/1.5 Inter,"Noto Sans CJK SC",sans-serif;max-width:60em;margin:2em auto;padding:0 1em;
color:#171c24}
h2{border-bottom:1px solid #dde3ea}table{border-collapse:collapse;
width:100%}td,th{text-align:left;
vertical-align:top;padding:.2em .6em .2em 0;border-bottom:1px solid #dde3ea}.muted,th,small{color:#556273}.red{color:#b01e1f}
.amber{color:#805200}
.notice{border-left:4px solid;padding:.4em 1em;margin:.5em 0;background:#edf0f4}.badge{background:#efeafb;color:#583aac;
padding:.1em .5em}meter{width:14em}footer{margin-top:2em;color:#556273}"""


def html_text(case: Case, language: str = "en") -> str:
    """The report of a case as an HTML document."""
    report = build(case, language)
    badge = f'<span class="badge">{escape(word("synthetic", language))}</span>' if report.synthetic else ""
    facts = "".join(f"<tr><th>{escape(n)}</th><td>{escape(t)}</td></tr>" for n, t in report.facts)
    body = "".join(_section(section) for section in report.sections)
    return (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><meta charset="utf-8">'
        f"<title>{escape(report.title)} {escape(report.case_id)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(report.title)} {badge}</h1><p><b>{escape(report.identity)}</b></p><table>{facts}</table>{body}"
        f"<footer>{escape(word('disclaimer', language))}</footer></html>\n"
    )


def _section(section: Section) -> str:
    remark = f" <small>{escape(section.remark)}</small>" if section.remark else ""
    return f"<h2>{escape(section.title)}{remark}</h2>" + "".join(block_html(block) for block in section.blocks)


@singledispatch
def block_html(block: Block) -> str:
    """A block as HTML."""
    raise TypeError(f"no HTML for {type(block).__name__}")


@block_html.register
def _line(block: Line) -> str:
    tag = "h3" if block.level else "p"
    return f'<{tag} class="{block.tone}">{escape(block.text)}</{tag}>'


@block_html.register
def _notice(block: Notice) -> str:
    lines = "<br>".join(escape(line) for line in block.lines)
    return f'<div class="notice"><b class="{block.tone}">{escape(block.title)}</b><br>{lines}</div>'


@block_html.register
def _grid(block: Grid) -> str:
    head = "".join(f"<th>{escape(c)}</th>" for c in block.columns)
    rows = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in block.rows)
    return f"<table><tr>{head}</tr>{rows}</table>"


@block_html.register
def _columns(block: Columns) -> str:
    cells = tuple("<br>".join(escape(text) for text in texts) for texts in block.lists)
    head = "".join(f"<th>{escape(c)}</th>" for c in block.heads)
    return f"<table><tr>{head}</tr><tr>" + "".join(f"<td>{c}</td>" for c in cells) + "</tr></table>"


@block_html.register
def _bars(block: Bars) -> str:
    rows = "".join(
        f"<tr><td><b>{escape(b.label)}</b> <span class=red>{escape(b.mark)}</span><br><small>{escape(b.detail)}</small></td>"
        f'<td><meter value="{b.probability:.4f}"></meter> {percent(b.probability)}</td></tr>'
        for b in block.bars
    )
    return f"<table>{rows}</table>"


@block_html.register
def _waterfall(block: Waterfall) -> str:
    steps = [("base", block.base), *block.steps, ("=", block.total)]
    return "<table>" + "".join(f"<tr><td>{escape(n)}</td><td>{v:+.2f}</td></tr>" for n, v in steps) + "</table>"


@block_html.register
def _shares(block: Shares) -> str:
    rows = "".join(
        f"<tr><td>{escape(n)}</td><td>{percent(s)}</td><td>{net:+.2f}</td></tr>" for n, s, net in block.items
    )
    return f"<table>{rows}</table>"


@block_html.register
def _picture(block: Picture) -> str:
    return f'<p class="muted">{escape(block.caption)}</p>'
