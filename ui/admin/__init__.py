"""Administration: users, store, audit trail."""
