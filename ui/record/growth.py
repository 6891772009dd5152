"""A child's growth charts."""

from PySide6.QtWidgets import QWidget

from core.domain.case import Case
from core.risk.growth import Growth, charts
from ui.record.drawings import growth_drawing
from ui.theme.theme import surface
from ui.translate import tr
from ui.widgets.chart import Chart
from ui.widgets.layout import column, panel, row
from ui.widgets.panels import PanelHeader, Segmented
from ui.widgets.text import label


class GrowthPane(QWidget):
    """A child's charts, two in a row, WHO or CDC."""

    def __init__(self) -> None:
        super().__init__()
        surface(self)
        self._case: Case | None = None
        self.standard = Segmented((("who", "WHO"), ("cdc", "CDC")), "who", translate=False)
        self.header = PanelHeader("Growth", self.standard)
        self.charts = [Chart() for _ in range(4)]
        self._names = [label("", "strong") for _ in self.charts]
        self._latest = [label("", "secondary", wrap=True) for _ in self.charts]
        cells = [
            panel(column(name, latest, chart, gap=4, margins=(14, 10, 14, 10)))
            for name, latest, chart in zip(self._names, self._latest, self.charts, strict=True)
        ]
        self.cells = cells
        self._note = label("", "caption", wrap=True)
        grid = column(row(*cells[:2], gap=0), row(*cells[2:], gap=0), gap=0)
        foot = QWidget()
        foot.setLayout(column(self._note, margins=(14, 6, 14, 8)))
        whole = column(self.header, grid, foot, gap=0)
        whole.setStretch(1, 1)
        self.setLayout(whole)
        self.standard.chosen.connect(self._draw)

    def show_case(self, case: Case, made: tuple[Growth, ...]) -> None:
        """The charts by the standard of the child's age."""
        self._case = case
        self.standard.set_value(made[0].standard)
        self._show(made)

    def _draw(self, standard: str) -> None:
        if self._case is not None:
            self._show(charts(self._case.record, standard))

    def _show(self, made: tuple[Growth, ...]) -> None:
        for i, (cell, chart) in enumerate(zip(self.cells, self.charts, strict=True)):
            cell.setVisible(i < len(made))
            if i < len(made):
                drawing = growth_drawing(made[i])
                chart.show_drawing(drawing)
                self._names[i].setText(drawing.name)
                self._latest[i].setText(drawing.dots[-1].words)
        sources = dict.fromkeys(f"{g.source.title}. {g.note}" for g in made)
        words = "\n".join(sources)
        self._note.setText(words or tr("No measurement of this child lies within the tables of this standard."))
