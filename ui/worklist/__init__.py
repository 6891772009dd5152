"""The worklist: filters, table, preview, import."""
