"""Versioned read-only tables: findings, conditions, red flags, phenotypes, genes, drugs; data under `resources/knowledge`."""
