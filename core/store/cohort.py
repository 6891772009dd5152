"""The cases of this store as `core.explain.cohort` sees them; what was read once is remembered until the case changes."""

from collections.abc import Iterator, Sequence

from core.domain.finding import Finding
from core.explain.cohort import Cohort, Member, member, view
from core.progress import Report, silent
from core.store.reading import Head, heads, note_set, parts
from core.store.store import Store

_KEPT = 20_000
_SLICE = 64


class Cohorts:
    """Views over sets of cases of one store. Cases read are remembered, so another diagnosis of the same set is quick."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[int, Member | None]] = {}

    def view(
        self,
        ids: Sequence[str] | None = None,
        hypothesis_id: str = "",
        report: Report = silent,
        *,
        top: int = 20,
        user: str = "",
    ) -> Cohort:
        """The view of some cases (all by default). Noted in the audit log with the number of cases; `UserError` where the
        role may not see cases, or none lists the diagnosis."""
        found = heads(self._store, ids)
        note_set(self._store, "cohort", len(found), user)
        return view(self._members(found), hypothesis_id, top=top, report=report, total=len(found))

    def _members(self, found: Sequence[Head]) -> Iterator[Member]:
        for start in range(0, len(found), _SLICE):
            part = found[start : start + _SLICE]
            self._read([h for h in part if self._known.get(h.id, (-1, None))[0] != h.revision])
            yield from (made for h in part if (made := self._known[h.id][1]) is not None)
        while len(self._known) > _KEPT:
            self._known.pop(next(iter(self._known)))

    def _read(self, changed: Sequence[Head]) -> None:
        findings: dict[str, tuple[Finding, ...]] = {h.id: f for h, f in parts(self._store, changed, "findings")}
        made: dict[str, Member | None] = {}
        for head, assessment in parts(self._store, changed, "assessment"):
            if assessment is not None:
                made[head.id] = member(assessment, findings.get(head.id, ()), head.age_years, head.sex)
        for head in changed:
            self._known[head.id] = (head.revision, made.get(head.id))
