"""Files in, records out: what each file is, what was read from it, and what was not and why."""
