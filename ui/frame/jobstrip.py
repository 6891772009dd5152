"""The job strip: what runs, how far, how long still, Cancel; and the history."""

from PySide6.QtCore import QPoint, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QMenu, QSizePolicy, QWidget

from ui.jobs import Job, Jobs, State
from ui.theme import icons
from ui.theme.theme import surface
from ui.translate import tr
from ui.widgets.bars import FillBar
from ui.widgets.button import Button
from ui.widgets.layout import row
from ui.widgets.panels import Icon
from ui.widgets.text import Elided, label

QUIET_S = 0.3
STATE_ICONS = {
    State.DONE: ("check", "green"),
    State.FAILED: ("alert", "red"),
    State.CANCELLED: ("x", "text.3"),
    State.RUNNING: ("play", "accent"),
    State.QUEUED: ("clock", "text.3"),
}


def progress_words(job: Job) -> str:
    """ "1,454 / 2,048 · 1.9 s left"; elapsed seconds where the length is unknown."""
    parts = []
    if job.what:
        parts.append(tr(job.what))
    if job.total > 1:
        parts.append(f"{job.made:,} / {job.total:,}")
    left = job.seconds_left()
    if left is not None:
        parts.append(tr("{seconds} s left", seconds=f"{left:.1f}"))
    elif job.share is None:
        parts.append(tr("{seconds} s", seconds=f"{job.elapsed():.1f}"))
    return " · ".join(parts)


class JobStrip(QFrame):
    """34 px under the case screens."""

    cancelled = Signal(object)

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        surface(self, "panel")
        self.setProperty("band", "top")
        self.setFixedHeight(34)
        self._jobs = jobs
        self._icon = Icon("bolt", "text.3")
        self._title = label("", "medium")
        self._bar = FillBar(0, "chart.1", width=190)
        self._percent = label("", "dense")
        self._words = Elided("", "text.2", 12)
        self._words.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._cancel = Button("Cancel", "x", hint="Esc", small=True, on_click=self.cancel_current)
        self._queued = Elided("", "text.2", 12)
        self._history = Button("Job history", "chevu", kind="link", small=True, on_click=self._show_history)
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        parts = (self._icon, self._title, self._bar, self._percent, self._words, self._cancel, self._queued)
        self.setLayout(row(*parts, spacer, self._history, gap=10, margins=(12, 0, 12, 0)))
        self._tick = QTimer(self)
        self._tick.setInterval(100)
        self._tick.timeout.connect(self.refresh)
        jobs.changed.connect(self.refresh)
        self.refresh()

    def current(self) -> Job | None:
        """The job shown: the first that runs."""
        active = [job for job in self._jobs.visible() if job.active]
        return next((job for job in active if job.state is State.RUNNING), active[0] if active else None)

    def cancel_current(self) -> bool:
        """Cancel the job shown; False when none runs."""
        job = self.current()
        if job is None:
            return False
        self._jobs.cancel(job)
        return True

    def refresh(self) -> None:
        """Show the state of the jobs."""
        job = self.current()
        loud = job is not None and (job.elapsed() > QUIET_S or job.state is State.QUEUED)
        for widget in (self._bar, self._percent, self._cancel):
            widget.setVisible(loud)
        if job is not None and not self._tick.isActive():
            self._tick.start()
        if job is None:
            self._tick.stop()
        if job is not None and loud:
            self._show_job(job)
        elif job is None:
            self._show_rest()

    def _show_job(self, job: Job) -> None:
        self._icon.show_icon("bolt", "accent")
        self._title.setText(tr(job.title))
        share = job.share
        self._bar.set_share(share if share is not None else (job.elapsed() % 2) / 2)
        self._percent.setText("" if share is None else f"{round(100 * share)} %")
        self._words.set_words(progress_words(job))
        waiting = [j for j in self._jobs.visible() if j.state is State.QUEUED and j is not job]
        self._queued.set_words(tr("{n} queued: {title}", n=len(waiting), title=tr(waiting[0].title)) if waiting else "")

    def _show_rest(self) -> None:
        ended = [job for job in self._jobs.visible() if not job.active]
        self._icon.show_icon("bolt", "text.3")
        self._title.setText("")
        self._queued.set_words("")
        if not ended:
            self._words.set_words(tr("No job is running"))
            return
        last = ended[-1]
        state = {State.DONE: "Done", State.FAILED: "Failed", State.CANCELLED: "Cancelled"}[last.state]
        seconds = tr("{seconds} s", seconds=f"{last.elapsed():.1f}")
        self._words.set_words(f"{tr(state)}: {tr(last.title)} · {seconds}")

    def _show_history(self) -> None:
        menu = QMenu(self)
        for job in reversed(self._jobs.visible()[-15:]):
            name, tone = STATE_ICONS[job.state]
            words = f"{tr(job.title)} · {tr('{seconds} s', seconds=f'{job.elapsed():.1f}')}"
            menu.addAction(QAction(icons.icon(name, tone), words, menu))
        if menu.isEmpty():
            menu.addAction(tr("No job is running"))
        corner = self._history.mapToGlobal(self._history.rect().topLeft())
        menu.popup(corner - QPoint(0, menu.sizeHint().height()))
        menu.aboutToHide.connect(menu.deleteLater)
