"""De-identification for teaching and research, reversible only with a key kept apart."""
