"""Frozen types that everything is made of. No I/O, no clinical logic."""
