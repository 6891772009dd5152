"""Report preview, export, and the audit trail of a case."""
