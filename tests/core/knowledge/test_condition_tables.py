"""What the tables of conditions say beyond what is written."""

import numpy as np

from core.knowledge import condition_tables


def test_painless_findings_imply_no_pain() -> None:
    tables = condition_tables.load()
    pain = next(i for i, f in enumerate(tables.findings) if f.id == "pain")
    painless = [
        row
        for row, condition in enumerate(tables.conditions)
        if any(link.id.startswith("painless_") for link in condition.findings)
        and not any("pain" in link.id.replace("painless", "") for link in condition.findings)
        and not any(
            word in link.id for link in condition.findings for word in ("ache", "tenderness", "dys", "odyno", "sore")
        )
    ]
    assert painless and np.isnan(tables.listed[painless, pain]).all()
