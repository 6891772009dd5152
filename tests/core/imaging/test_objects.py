"""Segmentations and waveforms."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from core.errors import Unreadable
from core.imaging.segmentation import lab_to_rgb, read_segmentation
from core.imaging.study import read_images
from core.imaging.waveform import LEAD_MM, PIXELS_A_MM, draw_waveform
from tests.core.imaging.made import dataset, save


def test_cielab_to_srgb() -> None:
    """White, black and mid grey; a strong red stays red."""
    middle = round(128 * 65535 / 255)
    assert lab_to_rgb([65535, middle, middle]) == pytest.approx((255, 255, 255), abs=2)
    assert lab_to_rgb([0, middle, middle]) == pytest.approx((0, 0, 0), abs=2)
    grey = lab_to_rgb([round(53.59 / 100 * 65535), middle, middle])
    assert grey == pytest.approx((128, 128, 128), abs=3)
    red, green, blue = lab_to_rgb([35000, round((128 + 70) * 257), round((128 + 50) * 257)])
    assert red > 180 and green < 90 and blue < 90


def test_a_plain_image_is_neither(tmp_path: Path) -> None:
    path = save(dataset(np.zeros((4, 4), np.uint16)), tmp_path / "a.dcm")
    with pytest.raises(Unreadable, match="no segmentation"):
        read_segmentation(path)
    with pytest.raises(Unreadable, match="no waveform"):
        draw_waveform(path)


@pytest.mark.data
def test_segments_lie_on_the_images_they_name(unpacked: Callable[[str], Path]) -> None:
    folder = next(unpacked("dicom-seg").rglob("partial_overlaps.dcm")).parent
    found = read_segmentation(folder / "partial_overlaps.dcm")
    images = {
        i.sop_instance_uid for s in read_images([folder / "ct-3slice"]).studies for x in s.series for i in x.instances
    }
    assert {uid for uid, _ in found.masks} == images
    assert len(found.segments) == 5 and all(s.label for s in found.segments)
    assert sum(len(m) for m in found.masks.values()) == 7
    assert all(mask.shape == (512, 512) and mask.any() for masks in found.masks.values() for _, mask in masks)


@pytest.mark.data
def test_a_label_map_gives_one_mask_a_label(unpacked: Callable[[str], Path]) -> None:
    found = read_segmentation(next(unpacked("dicom-seg").rglob("sparse-labelmap-ppv5.dcm")))
    assert {n for masks in found.masks.values() for n, _ in masks} <= {s.number for s in found.segments}


def _coded(value: str, meaning: str) -> pydicom.Dataset:
    item = pydicom.Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "UCUM", meaning
    return item


def test_an_ecg_is_drawn_to_scale(tmp_path: Path) -> None:
    """A 1 mV step of stored steps of 5 uV: 10 mm high, 25 mm to the second."""
    samples = np.zeros((1000, 2), np.int16)
    samples[700:900, 0] = 200
    made = dataset(np.zeros((4, 4), np.uint16))
    group = pydicom.Dataset()
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples, group.SamplingFrequency = 2, 1000, 500
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.WaveformOriginality, group.WaveformData = "ORIGINAL", samples.tobytes()
    channels = []
    for name in ("Lead I", "Lead II"):
        channel = pydicom.Dataset()
        channel.ChannelSourceSequence = [_coded("1", name)]
        channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor, channel.ChannelBaseline = 5, 1, 0
        channel.ChannelSensitivityUnitsSequence = [_coded("uV", "microvolt")]
        channel.WaveformBitsStored = 16
        channels.append(channel)
    group.ChannelDefinitionSequence = channels
    made.WaveformSequence = [group]
    picture = draw_waveform(save(made, tmp_path / "ecg.dcm"))
    assert picture.shape[0] == (2 * LEAD_MM + 8) * PIXELS_A_MM
    dark = (picture < 80).all(axis=2)
    column = round((8 + 1.6 * 25) * PIXELS_A_MM)
    base = round(0.5 * LEAD_MM * PIXELS_A_MM)
    rows = np.flatnonzero(dark[: LEAD_MM * PIXELS_A_MM, column])
    assert rows.mean() == pytest.approx(base - 10 * PIXELS_A_MM, abs=1.5)
    resting = np.flatnonzero(dark[: LEAD_MM * PIXELS_A_MM, round((8 + 0.8 * 25) * PIXELS_A_MM)])
    assert resting.mean() == pytest.approx(base, abs=1.5)
