"""The whole record: every fact in one list, searched, with its course and its place in the source file."""
