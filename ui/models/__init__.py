"""Model packs: what is installed and whether it is what was shipped."""
