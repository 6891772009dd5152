"""Consilium's window. Shows core types and emits intents; holds no clinical logic."""
