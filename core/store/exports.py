"""The one question before anything leaves the program: does the organisation allow it, and may this person?"""

from core.store.policy import refuse_export
from core.store.store import Store
from core.store.users import Permission


def exporter(store: Store, user: str = "") -> str:
    """Who exports, for the audit trail. Raises UserError where the policy or the person's role forbids it."""
    refuse_export(store.policy)
    return store.users.require(Permission.EXPORT, user)
