"""Versioned read-only tables: findings, conditions, red flags, phenotypes, drugs. Knowledge is data under `resources/knowledge`."""
