"""A case as a document: PDF, HTML, JSON."""
