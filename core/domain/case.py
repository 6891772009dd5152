"""A case: everything about one patient's episode, and the doctor's decisions."""

from dataclasses import dataclass
from enum import StrEnum

from core.domain.assessment import Assessment
from core.domain.explanation import Explanation
from core.domain.finding import Finding
from core.domain.imaging import ImagePrediction, ImageRef, Measurement, NoEstimate
from core.domain.plan import Plan
from core.domain.record import Record


class CaseStatus(StrEnum):
    """Where a case stands. A signed case is read-only; later changes are addenda."""

    NEW = "new"
    ANALYSING = "analysing"
    TO_REVIEW = "to_review"
    SIGNED = "signed"
    IMPORT_ERROR = "import_error"


class Action(StrEnum):
    """What the doctor did with a suggestion."""

    ACCEPT = "accept"
    REJECT = "reject"
    EDIT = "edit"
    OVERRIDE = "override"
    PLAN_STEP = "plan_step"
    WORKING_DIAGNOSIS = "working_diagnosis"
    SIGN = "sign"
    WITHDRAW = "withdraw"
    """Takes back the last decision on the same target; both stay on record."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision: what (`target` kind and id), why (`reason` code, `text`), who, when. Never altered, only added.

    `target` is "hypothesis:<id>", "option:<id>", "alert:<id>", "step:<code>", "change:<medication id>" or "case".
    """

    id: str
    action: Action
    target: str
    user: str
    at: str
    reason: str = ""
    text: str = ""
    second_user: str = ""
    assessment_id: str = ""


@dataclass(frozen=True, slots=True)
class Addendum:
    """Text added to a signed case."""

    id: str
    text: str
    user: str
    at: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file: what it is, what was read, what was not and why."""

    path: str
    kind: str
    read: tuple[tuple[str, int], ...] = ()
    skipped: tuple[str, ...] = ()
    error: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. Replace, never mutate: `dataclasses.replace(case, ...)`."""

    id: str
    created_at: str
    updated_at: str
    status: CaseStatus = CaseStatus.NEW
    reason: str = ""
    record: Record = Record()
    images: tuple[ImageRef, ...] = ()
    files: tuple[FileReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    predictions: tuple[ImagePrediction, ...] = ()
    refusals: tuple[NoEstimate, ...] = ()
    assessment: Assessment | None = None
    explanation: Explanation | None = None
    plan: Plan | None = None
    measurements: tuple[Measurement, ...] = ()
    decisions: tuple[Decision, ...] = ()
    addenda: tuple[Addendum, ...] = ()
    working_diagnosis: str = ""
    signed_by: str = ""
    signed_at: str = ""
