"""Consilium's medicine: records, images, findings, diagnosis, treatment, explanation. No Qt, no network.

Libraries that report to their makers are told not to, before any of them can be imported: the ONNX Runtime wheels collect
events in the user's cache folder and upload them some seconds after the first session (seen in 1.31: DNS queries, a device
id), and the Hugging Face libraries ask their hub about files. `tests/core/test_silence.py` and
`python -m tests.soak.trace_sockets` hold this.
"""

import os

SILENCE = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "DO_NOT_TRACK": "1",
}
"""Set whatever the environment says: a clinic cannot be asked to know these names."""
os.environ.update(SILENCE)
