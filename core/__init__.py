"""Consilium's medicine: records, images, findings, diagnosis, treatment, explanation. No Qt, no network."""
