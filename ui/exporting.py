"""Whether something may leave the window, asked before a file or a printer is chosen."""

from core.errors import UserError
from core.store.exports import exporter
from ui.session import Session
from ui.translate import tr


def may_export(session: Session) -> str:
    """Who exports, for the audit trail; "" where the organisation or the role forbids it, which is then said."""
    try:
        return exporter(session.store, session.user)
    except UserError as error:
        session.messages.say(f"{tr(error.what)} {tr(error.next_step)}".strip(), "amber")
        return ""
