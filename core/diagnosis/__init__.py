"""Findings to a ranked differential: common and rare engines, fusion, red flags, next best question."""
