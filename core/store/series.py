"""All files of a case's image series and what belongs to them (reports, segments, states), kept and brought back.

`Case.images` names one image a series; a volume is all of them. Each file is kept encrypted under the path it was read from,
in a group that is one series: the viewer looks for a series' other slices beside the one it is given.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from core.domain.case import Case
from core.progress import Report, silent
from core.store.files import write_whole
from core.store.store import IMAGE_PREFIX, Store, is_file, local_name

Group = tuple[str, tuple[Path, ...]]


def group_name(uid: str) -> str:
    """A short name for a series: it becomes a folder's name."""
    return hashlib.sha256(uid.encode("utf-8", "replace")).hexdigest()[:12]


def keep_image_files(store: Store, case: Case, groups: Iterable[Group], report: Report = silent) -> int:
    """Keep every file of the groups that is still where it was read from; returns how many. Cancelled: those so far stay."""
    known = {name for _, name, _ in store.kept_files(case.id)}
    wanted = [(name, path) for name, paths in groups for path in dict.fromkeys(paths)]
    kept = 0
    for number, (group, path) in enumerate(wanted):
        report(number, len(wanted), "keeping images")
        name = f"{IMAGE_PREFIX}{group}/{path}"
        if name not in known and path.is_file():
            store.keep_file(case.id, path, name=name)
            kept += 1
    return kept


def bring_back(store: Store, case_id: str, folder: Path, report: Report = silent) -> int:
    """Decrypt into `folder` the kept image files that are not there; returns how many.

    `folder` must be a temporary one outside the profile, removed by the caller at the end of the session.
    """
    gone = list(_gone(store, case_id, folder))
    for number, (sha256, target) in enumerate(gone):
        report(number, len(gone), "opening images")
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, store.file_bytes(sha256))
    return len(gone)


def _gone(store: Store, case_id: str, folder: Path) -> Iterable[tuple[str, Path]]:
    for sha256, name, _ in store.kept_files(case_id):
        target = folder / local_name(sha256, name)
        if name.startswith(IMAGE_PREFIX) and not target.is_file():
            yield sha256, target


def local_files(store: Store, case_id: str, originals: Iterable[str], folder: Path) -> dict[str, str]:
    """Where files can be opened now: where they were read from while they are the same, else in `folder` once they were
    brought back. Reads each file once to tell; what was not kept is left out."""
    wanted, found = set(originals), {}
    for sha256, name, _ in store.kept_files(case_id) if wanted else ():
        original = name.removeprefix(IMAGE_PREFIX).partition("/")[2]
        if name.startswith(IMAGE_PREFIX) and original in wanted:
            same = is_file(Path(original), sha256)
            found[original] = original if same else str(folder / local_name(sha256, name))
    return found
