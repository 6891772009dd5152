"""What the views beyond one case ask of the core, as jobs on the long lane: one at a time, each with progress and cancel."""

from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

from core.domain.case import Case
from core.errors import UserError
from core.explain.cohort import Cohort
from core.explain.similar import Index
from core.progress import Report
from core.store.cohort import Cohorts
from core.store.similar_cases import Past, embed_images, find_similar, keep, opened, refresh
from core.store.store import Store
from ui.jobs import Job
from ui.session import Session
from ui.translate import tr

KIND_COHORT, KIND_SIMILAR, KIND_INDEX = "cohort", "similar", "similar index"


class Service:
    """The index and the remembered cases of one store. Only jobs of the long lane touch them."""

    def __init__(self) -> None:
        self.index: Index | None = None
        self.cohorts: Cohorts | None = None

    def cohort(
        self,
        session: Session,
        ids: Sequence[str] | None,
        hypothesis_id: str,
        done: Callable[[Cohort], None],
        failed: Callable[[Exception], None],
    ) -> Job:
        """The view of some cases, or of all."""
        user = session.user

        def work(report: Report) -> Cohort:
            if self.cohorts is None:
                self.cohorts = Cohorts(session.store)
            return self.cohorts.view(ids, hypothesis_id, report, user=user)

        return session.jobs.start("Global view", work, done, kind=KIND_COHORT, failed=failed)

    def similar(
        self,
        session: Session,
        case: Case,
        count: int,
        done: Callable[[tuple[Past, ...]], None],
        failed: Callable[[Exception], None],
        better: Callable[[], None] | None = None,
    ) -> Job:
        """Similar past cases by findings and by the vectors that are known already. With `better` the missing ones are made
        afterwards, and it is called where there were any."""

        user = session.user

        def work(report: Report) -> tuple[Past, ...]:
            index = self._opened(session)
            if refresh(session.store, index, report, embed=False):
                keep(session.store, index)
            return find_similar(session.store, index, case, count, user=user)

        def found(past: tuple[Past, ...]) -> None:
            done(past)
            if better is not None:
                self._complete(session, better)

        return session.jobs.start("Similar past cases", work, found, kind=KIND_SIMILAR, failed=failed)

    def _complete(self, session: Session, better: Callable[[], None]) -> None:
        def work(report: Report) -> bool:
            index = self._opened(session)
            known = len(index.notes), len(index.images)
            try:
                refresh(session.store, index, report)
                embed_images(session.store, index, session.local.path / "similar", report)
            finally:  # what was read before a cancel is not read again
                more = (len(index.notes), len(index.images)) != known
                if more:
                    keep(session.store, index)
            return more

        session.jobs.start("Index of past cases", work, lambda more: better() if more else None, kind=KIND_INDEX)

    def _opened(self, session: Session) -> Index:
        if self.index is None:
            self.index = opened(session.store)
        return self.index


_OF_STORE: WeakKeyDictionary[Store, Service] = WeakKeyDictionary()


def service(session: Session) -> Service:
    """The service of a session's store."""
    return _OF_STORE.setdefault(session.store, Service())


def words_of(session: Session, error: Exception) -> str:
    """What to say of a failure in a panel; what is ours goes to the one handler."""
    if isinstance(error, UserError):
        return f"{tr(error.what)} {tr(error.next_step) if error.next_step else ''}".strip()
    session.messages.fail(error)
    return tr("Something went wrong in the program. Your data is unchanged. The details are in the log.")
