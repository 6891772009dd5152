"""The encrypted store: cases, decisions, search, audit, users, backup."""
