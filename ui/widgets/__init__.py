"""Reusable widgets. They know no clinical word."""
