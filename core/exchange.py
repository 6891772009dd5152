"""What the window and the verbs do with an archive: who may, which ones, and what the audit log keeps of it.

`core.imaging.pacs*` speak to one peer and know no policy; here the policy file, the user's permission and the audit log
stand around them. The log holds the user, the archive's name, a hash of the study's UID and how many objects: no patient.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.imaging import pacs, pacs_web
from core.imaging.pacs import Peer
from core.imaging.pacs_config import (
    PASSWORD_VARIABLE,
    Entry,
    address,
    configured,
    entries,
    refuse_forbidden,
    save,
)
from core.imaging.pacs_web import WebPeer
from core.progress import Cancelled, Report, silent
from core.store.policy import refuse_export
from core.store.store import Store
from core.store.users import Permission

Archive = Peer | WebPeer
PASSWORDS = "archive_passwords"
"""Setting of the store: DICOMweb passwords by the archive's name."""
_ASKED = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyDescription",
    "AccessionNumber", "StudyInstanceUID", "ModalitiesInStudy", "NumberOfStudyRelatedInstances",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StudyQuery:
    """What to look for; "" and None ask for anything. A name without wildcards is taken for its beginning."""

    name: str = ""
    patient_id: str = ""
    since: date | None = None
    until: date | None = None
    modality: str = ""
    accession: str = ""


@dataclass(frozen=True, slots=True)
class StudyFound:
    """One study in an archive, as the archive describes it; `images` is 0 where it does not say."""

    uid: str
    patient_name: str
    patient_id: str
    birth_date: str
    sex: str
    date: str
    time: str
    description: str
    accession: str
    modalities: str
    images: int


def archives(store: Store) -> dict[str, Archive]:
    """The archives that may be used now, with their passwords. Those the policy does not name are left out."""
    allowed = store.policy.pacs_peers
    found = {n: a for n, a in configured().items() if allowed is None or address(a) in allowed}
    passwords: dict[str, str] = store.setting(PASSWORDS, {}) if found else {}
    return {name: _with_password(archive, passwords.get(name, "")) for name, archive in found.items()}


def archive_named(store: Store, name: str) -> Archive:
    """One archive. Raises `UserError` where it is not configured, off or forbidden."""
    found = archives(store)
    if name not in found:
        raise UserError(f"There is no archive {name!r} that may be used.", "Ask your administrator to configure it.")
    return found[name]


def _with_password(archive: Archive, password: str) -> Archive:
    given = os.environ.get(PASSWORD_VARIABLE, "") or password
    return replace(archive, password=given) if isinstance(archive, WebPeer) and given else archive


def configure(store: Store, wanted: Mapping[str, Entry], passwords: Mapping[str, str], user: str = "") -> None:
    """Replace the configuration; passwords go into the encrypted store. Raises `UserError` for who may not, for an entry
    that is not complete, and for one that is on although the policy does not name it."""
    who = store.users.require(Permission.MANAGE_STORE, user)
    before = entries()
    save(wanted, store.policy.pacs_peers)
    store.set_setting(PASSWORDS, {name: secret for name, secret in passwords.items() if name in wanted and secret})
    on = sorted(name for name, entry in wanted.items() if entry.on)
    gone = sorted(set(before) - set(wanted))
    store.audit.add_or_keep("archives_changed", who, on=", ".join(on), removed=", ".join(gone))


def ask_echo(store: Store, archive: Archive) -> None:
    """Ask whether an archive answers, also before it is switched on. Raises `UserError`."""
    refuse_forbidden(archive, store.policy.pacs_peers)
    if isinstance(archive, WebPeer):
        pacs_web.qido(archive, {"StudyInstanceUID": "1"})
    else:
        pacs.echo(archive)


def find_studies(store: Store, name: str, query: StudyQuery, user: str = "") -> tuple[StudyFound, ...]:
    """Studies in the archive `name`, newest first. Raises `UserError`."""
    who = store.users.require(Permission.VIEW, user)
    archive = archive_named(store, name)
    keys = dict.fromkeys(_ASKED, "") | _keys(query)
    found = pacs_web.qido(archive, keys) if isinstance(archive, WebPeer) else pacs.find(archive, keys)
    store.audit.add_or_keep("archive_query", who, archive=name, count=len(found))
    return tuple(sorted((_found(m.values) for m in found), key=lambda s: (s.date, s.time), reverse=True))


def _keys(query: StudyQuery) -> dict[str, str]:
    keys = {"PatientID": query.patient_id.strip(), "AccessionNumber": query.accession.strip()}
    if name := query.name.strip():
        keys["PatientName"] = name if set(name) & set("*?") else f"{name}*"
    if query.since or query.until:
        start, end = ((d.strftime("%Y%m%d") if d else "") for d in (query.since, query.until))
        keys["StudyDate"] = f"{start}-{end}"
    if query.modality:
        keys["ModalitiesInStudy"] = query.modality
    if not any(keys.values()):
        raise UserError("Nothing was asked for.", "Give a name, a number, a date or a modality.")
    return {key: value for key, value in keys.items() if value}


def _found(values: Mapping[str, str]) -> StudyFound:
    images = values.get("NumberOfStudyRelatedInstances", "")
    text = {k: "" if v == "None" else v for k, v in values.items()}
    return StudyFound(
        text.get("StudyInstanceUID", ""), text.get("PatientName", ""), text.get("PatientID", ""),
        text.get("PatientBirthDate", ""), text.get("PatientSex", ""), text.get("StudyDate", ""), text.get("StudyTime", ""),
        text.get("StudyDescription", ""), text.get("AccessionNumber", ""),
        text.get("ModalitiesInStudy", "").strip("[]").replace("'", "").replace("\\", ", "),
        int(images) if images.isdigit() else 0,
    )  # fmt: skip


def fetch_studies(
    store: Store, name: str, studies: Sequence[StudyFound], folder: Path, *, user: str = "", case_id: str = "",
    report: Report = silent,
) -> list[Path]:  # fmt: skip
    """Fetch studies into `folder`, one sub-folder each; returns the files. Each study that came, or came in part before
    it failed or was cancelled, stands in the audit log."""
    who = store.users.require(Permission.CHANGE, user)
    archive = archive_named(store, name)
    total = sum(s.images for s in studies)
    kept: list[Path] = []
    for study in studies:
        place = folder / study_hash(study.uid)
        place.mkdir(parents=True, exist_ok=True)
        before, whole = len(kept), total

        def told(done: int, _total: int, _what: str, before: int = before, whole: int = whole) -> None:
            report(before + done, max(whole, before + done) if whole else 0, name)

        outcome = "failed"
        try:
            kept += fetch_study(archive, study.uid, place, told)
            outcome = "whole"
        except Cancelled:
            outcome = "cancelled"
            raise
        finally:
            count = sum(1 for _ in place.iterdir())
            store.audit.add_or_keep(
                "archive_fetch", who, case_id, archive=name, study=study_hash(study.uid), count=count, outcome=outcome
            )
    return kept


def fetch_study(archive: Archive, uid: str, folder: Path, report: Report = silent) -> list[Path]:
    """One study's files in `folder`. Raises `UserError` where the archive sent none."""
    if isinstance(archive, WebPeer):
        files = pacs_web.wado(archive, uid, folder, report=report)
    else:
        files = pacs.fetch(archive, {"StudyInstanceUID": uid}, folder, report=report)
    if not files:
        raise UserError("The archive has no such study, or sent none of it.", "Check the identifier.")
    return files


def send_files(
    store: Store, name: str, files: Sequence[Path], *, user: str = "", case_id: str = "", report: Report = silent
) -> int:
    """Send DICOM files to the archive `name`; returns how many. Raises `UserError`; what was tried is in the audit log."""
    who = store.users.require(Permission.EXPORT, user)
    refuse_export(store.policy)
    archive = archive_named(store, name)
    return audited_send(store, archive, files, name=name, who=who, case_id=case_id, report=report)


def audited_send(
    store: Store, archive: Archive, files: Sequence[Path], *, name: str, who: str, case_id: str = "",
    report: Report = silent,
) -> int:  # fmt: skip
    """Send, and write into the audit log what was sent and whether it arrived."""
    sent, outcome = 0, "failed"

    def told(done: int, total: int, what: str) -> None:
        nonlocal sent
        sent = done
        report(done, total, what)

    try:
        sent = _send(archive, files, told)
        outcome = "whole"
    except Cancelled:
        outcome = "cancelled"
        raise
    finally:
        store.audit.add_or_keep(
            "archive_send", who, case_id, archive=name, study=_studies_hash(files), count=sent, outcome=outcome
        )
    return sent


def _send(archive: Archive, files: Sequence[Path], report: Report) -> int:
    return pacs_web.stow(archive, files, report) if isinstance(archive, WebPeer) else pacs.store(archive, files, report)


def study_hash(uid: str) -> str:
    """What the audit log keeps of a study's UID: enough to compare, not to look up."""
    return hashlib.sha256(uid.encode()).hexdigest()[:16]


def _studies_hash(files: Sequence[Path]) -> str:
    from core.imaging.header import read_dataset

    found: dict[str, Any] = {}
    for path in files:
        try:
            header = read_dataset(path, stop_before_pixels=True)
        except UserError:
            continue
        found[str(header.get("StudyInstanceUID", ""))] = None
    return ", ".join(study_hash(uid) for uid in list(found)[:8])
