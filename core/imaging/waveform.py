"""A DICOM waveform (12-lead ECG, PS3.3 A.34) drawn as a picture: 25 mm/s and 10 mm/mV on millimetre paper."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray

from core.errors import Unreadable
from core.imaging.header import guarded, read_dataset

PIXELS_A_MM = 4
MM_A_SECOND, MM_A_MILLIVOLT = 25, 10
LEAD_MM = 26
MAX_SECONDS, MAX_CHANNELS = 12.0, 24
_TO_MILLIVOLT = {"uV": 1e-3, "mV": 1.0, "V": 1e3}


def draw_waveform(path: str | Path) -> NDArray[np.uint8]:
    """All channels of the first group below each other: uint8 (rows, columns, 3). Raises `Unreadable`."""
    dataset = read_dataset(path)
    name = Path(path).name
    if not dataset.get("WaveformSequence"):
        raise Unreadable(f"{name} holds no waveform.")
    return guarded(lambda: _draw(dataset), name)


def _draw(dataset: pydicom.Dataset) -> NDArray[np.uint8]:
    import cv2

    signals, names, rate = _signals(dataset)
    seconds = signals.shape[0] / rate
    width = round((seconds * MM_A_SECOND + 12) * PIXELS_A_MM)
    paper = _paper((signals.shape[1] * LEAD_MM + 8) * PIXELS_A_MM, width)
    x = (8 + np.arange(signals.shape[0]) / rate * MM_A_SECOND) * PIXELS_A_MM
    for lead, label in enumerate(names):
        base = (lead + 0.5) * LEAD_MM * PIXELS_A_MM
        y = base - signals[:, lead] * MM_A_MILLIVOLT * PIXELS_A_MM
        points = np.rint(np.column_stack([x, y]) * 16).astype(np.int32)
        cv2.polylines(paper, [points], False, (20, 20, 30), 2, cv2.LINE_AA, 4)
        cv2.putText(
            paper, label[:12], (10, round(base - 30)), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (20, 20, 30), 2, cv2.LINE_AA
        )
    scale = f"{MM_A_SECOND} mm/s  {MM_A_MILLIVOLT} mm/mV"
    cv2.putText(paper, scale, (10, paper.shape[0] - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (20, 20, 30), 1, cv2.LINE_AA)
    return paper


def _paper(rows: int, columns: int) -> NDArray[np.uint8]:
    paper = np.full((rows, columns, 3), 255, np.uint8)
    for step, colour in ((1, (255, 228, 225)), (5, (250, 190, 185))):
        paper[:: step * PIXELS_A_MM, :] = colour
        paper[:, :: step * PIXELS_A_MM] = colour
    return paper


def _signals(dataset: pydicom.Dataset) -> tuple[NDArray[np.float64], list[str], float]:
    """(samples, channels) in mV about each channel's median, channel names, samples a second."""
    group = dataset.WaveformSequence[0]
    rate, channels = float(group.SamplingFrequency), list(group.ChannelDefinitionSequence)[:MAX_CHANNELS]
    samples = min(int(group.NumberOfWaveformSamples), int(MAX_SECONDS * rate))
    raw = np.asarray(dataset.waveform_array(0))[:samples, : len(channels)].astype(np.float64)
    if not len(raw) or rate <= 0:
        raise Unreadable("The waveform is empty.")
    scaled = np.column_stack([raw[:, i] * _millivolt(channel) for i, channel in enumerate(channels)])
    return scaled - np.median(scaled, axis=0), [_name(c) for c in channels], rate


def _millivolt(channel: pydicom.Dataset) -> float:
    """`waveform_array` has applied the sensitivity; this brings its unit to mV."""
    units: Any = channel.get("ChannelSensitivityUnitsSequence")
    return _TO_MILLIVOLT.get(str(units[0].get("CodeValue", "")) if units else "", 1.0)


def _name(channel: pydicom.Dataset) -> str:
    source = channel.get("ChannelSourceSequence")
    meaning = str(source[0].get("CodeMeaning", "")) if source else str(channel.get("ChannelLabel", ""))
    return meaning.replace("Lead ", "").split(" (")[0]
