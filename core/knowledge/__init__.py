"""Versioned read-only tables: findings, conditions, phenotypes, genes, drugs; the data lie in `resources/knowledge`."""
