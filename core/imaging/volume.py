"""When a series is a volume, and when it is not: geometry is right or refused with the reason (PS3.3 C.7.6.2.1.1)."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.basics import Label
from core.imaging import decode, jpeg2000, nifti
from core.imaging.header import read_header
from core.imaging.pixels import frame_of
from core.imaging.types import FrameAddress, Instance, Plane, Series, Vector
from core.imaging.volume_types import Geometry, NotAVolume, Volume
from core.imaging.window import Grey
from core.progress import Report, silent

ANGLE_TOLERANCE = 1e-4
"""1 - cosine allowed between the orientations of two slices (0.8 degrees)."""
TILT_TOLERANCE_DEGREES = 0.5
SPACING_TOLERANCE = 0.02
"""Share of the spacing by which a gap may differ."""
SAME_PLACE_MM = 0.01
DECODERS = max(min(os.cpu_count() or 1, 4), 2)
"""Threads that decode JPEG 2000 slices of a volume."""


def normal(plane: Plane) -> Vector:
    """Unit normal of a plane: row x column."""
    a, b = plane.row, plane.column
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def dot(a: Sequence[float], b: Sequence[float]) -> float:
    """Inner product."""
    return sum(x * y for x, y in zip(a, b, strict=True))


def reading_order(instances: Sequence[Instance]) -> tuple[Instance, ...]:
    """Along the common normal where every instance states its plane, else by instance number, then path."""
    by_number = sorted(instances, key=lambda i: (i.number is None, i.number or 0, i.path))
    planes = [i.planes[0] if len(i.planes) == 1 else None for i in by_number]
    first = planes[0] if planes else None
    if first is None or any(p is None or 1 - dot(normal(p), normal(first)) > ANGLE_TOLERANCE for p in planes):
        return tuple(by_number)
    along = normal(first)
    return tuple(sorted(by_number, key=lambda i: round(dot(i.planes[0].position, along), 3)))


def geometry_of(series: Series) -> tuple[Geometry, tuple[FrameAddress, ...]] | NotAVolume:
    """The regular grid of a series and its frames in grid order, or why there is none."""
    addresses = series.addresses()
    if len(addresses) < 3:
        return _no("fewer than three slices", "少于三层")
    sizes = {(a.instance.rows, a.instance.columns) for a in addresses}
    if len(sizes) > 1:
        return _no("slices of different sizes", "各层图像尺寸不同")
    if any(a.instance.colour for a in addresses):
        return _no("colour images", "彩色图像")
    if any(len(a.instance.planes) <= a.frame for a in addresses):
        return _no("the file states no position or orientation", "文件未给出位置或方向")
    ordered = _sorted(addresses)
    planes = [_plane(a) for a in ordered]
    problem = _refusal(planes)
    if problem is not None:
        return problem
    rows, columns = next(iter(sizes))
    return _grid(planes, (len(ordered), rows, columns)), ordered


def _plane(address: FrameAddress) -> Plane:
    return address.instance.planes[address.frame]


def _sorted(addresses: Sequence[FrameAddress]) -> tuple[FrameAddress, ...]:
    along = normal(_plane(addresses[0]))
    return tuple(sorted(addresses, key=lambda a: dot(_plane(a).position, along)))


def _refusal(planes: Sequence[Plane]) -> NotAVolume | None:
    first = planes[0]
    for plane in planes[1:]:
        if 1 - dot(plane.row, first.row) > ANGLE_TOLERANCE or 1 - dot(plane.column, first.column) > ANGLE_TOLERANCE:
            return _no("slices point in different directions", "各层方向不同")
        if plane.spacing_mm != first.spacing_mm:
            return _no("slices have different pixel spacing", "各层像素间距不同")
    if first.spacing_mm is None:
        return _no("no pixel spacing is stated", "未给出像素间距")
    return _uneven(planes) or _tilt(planes)


def _uneven(planes: Sequence[Plane]) -> NotAVolume | None:
    along = normal(planes[0])
    places = np.array([dot(p.position, along) for p in planes])
    gaps = np.diff(places)
    if (gaps < SAME_PLACE_MM).any():
        return _no(
            "several slices lie at the same place (duplicates, echoes or time points)",
            "多层位于同一位置（重复、多回波或多时相）",
        )
    usual = float(np.median(gaps))
    off = np.abs(gaps - usual) > max(SPACING_TOLERANCE * usual, SAME_PLACE_MM)
    if not off.any():
        return None
    multiples = gaps[off] / usual
    if off.mean() < 0.2 and (np.abs(multiples - np.rint(multiples)) < 0.05).all() and (multiples > 1.5).all():
        at = int(np.flatnonzero(off)[0])
        return _no(f"slices are missing after slice {at + 1}", f"第 {at + 1} 层之后缺层")
    steps = "/".join(f"{g:g}" for g in sorted({round(float(g), 2) for g in gaps})[:4])
    return _no(f"uneven slice spacing ({steps} mm)", f"层间距不均匀（{steps} mm）")


def _tilt(planes: Sequence[Plane]) -> NotAVolume | None:
    """The way from the first to the last slice must run along the normal; else the gantry was tilted."""
    way = np.subtract(planes[-1].position, planes[0].position)
    length = float(np.linalg.norm(way))
    cosine = min(abs(float(np.dot(way, normal(planes[0])))) / length, 1.0)
    degrees = float(np.degrees(np.arccos(cosine)))
    if degrees <= TILT_TOLERANCE_DEGREES:
        return None
    return _no(f"the gantry is tilted by {degrees:.1f} degrees", f"机架倾斜 {degrees:.1f} 度")


def _no(en: str, zh: str) -> NotAVolume:
    return NotAVolume(Label(f"Shown as a stack, not a volume: {en}.", f"仅按图像堆栈显示，不构成体数据：{zh}。"))


def _grid(planes: Sequence[Plane], shape: tuple[int, int, int]) -> Geometry:
    first, last = planes[0], planes[-1]
    along = normal(first)
    step = (dot(last.position, along) - dot(first.position, along)) / (len(planes) - 1)
    spacing = first.spacing_mm or (1.0, 1.0)
    return Geometry(shape, (step, *spacing), first.position, first.row, first.column, along)


def load_volume(series: Series, report: Report = silent) -> Volume | NotAVolume:
    """Decode a whole series into one array. Slices of differing rescale are brought to the first one's units.

    Raises `Unreadable` where a slice cannot be decoded.
    """
    if series.instances[0].kind == "volume":
        return nifti.load(series.instances[0].path)
    found = geometry_of(series)
    if isinstance(found, NotAVolume):
        return found
    geometry, addresses = found
    stored, grey = _load(addresses, geometry.shape, report)
    return Volume(stored, geometry, grey)


def _load(addresses: Sequence[FrameAddress], shape: tuple[int, int, int], report: Report) -> tuple[NDArray[Any], Grey]:
    first = frame_of(read_header(addresses[0].instance.path), addresses[0].frame)
    volume, grey = np.empty(shape, first.stored.dtype), first.grey
    volume[0] = first.stored
    with ThreadPoolExecutor(DECODERS) as pool:
        ahead = _ahead(addresses, pool)
        for index, address in enumerate(addresses[1:], 1):
            if index % 16 == 0:
                report(index, len(addresses), Path(address.instance.path).name)
            early = next(ahead)
            if _straight(address.instance, volume, grey):
                decode.read_into(volume[index], address.instance, address.frame)
                continue
            stored = early.result() if early is not None else None
            rescale = address.instance.rescale
            same = stored is not None and stored.dtype == volume.dtype and rescale is not None
            if same and rescale is not None and grey == Grey(*rescale):
                volume[index] = stored
                continue
            image = frame_of(read_header(address.instance.path), address.frame)
            if image.grey != grey:
                volume, grey = _rescaled(volume, index, grey)
                volume[index] = image.grey.units(image.stored)
            else:
                volume[index] = image.stored
    return volume, grey


def _ahead(addresses: Sequence[FrameAddress], pool: ThreadPoolExecutor) -> Iterator[Future[NDArray[Any] | None] | None]:
    """Slices after the first, a few decoded ahead by threads where the decoder gives the interpreter back."""
    waiting: deque[Future[NDArray[Any] | None] | None] = deque()
    for address in addresses[1:]:
        item = address.instance
        waiting.append(pool.submit(jpeg2000.decode_instance, item, address.frame) if jpeg2000.takes(item) else None)
        if len(waiting) > 2 * DECODERS:
            yield waiting.popleft()
    yield from waiting


def _straight(instance: Instance, volume: NDArray[Any], grey: Grey) -> bool:
    """Whether the slice's bytes are the volume's values: uncompressed, all bits stored or unsigned, same rescale."""
    if instance.pixel_offset < 0 or instance.syntax not in decode.NATIVE or instance.rescale is None:
        return False
    same_type = volume.dtype == np.dtype(f"<{'i' if instance.signed else 'u'}{instance.bits_allocated // 8}")
    return same_type and grey == Grey(*instance.rescale)


def _rescaled(volume: NDArray[Any], done: int, grey: Grey) -> tuple[NDArray[Any], Grey]:
    """The slices read so far in modality units (float32), once slices disagree about their rescale (PET)."""
    if volume.dtype == np.float32 and grey == Grey():
        return volume, grey
    units = np.empty(volume.shape, np.float32)
    for index in range(done):
        units[index] = grey.units(volume[index])
    return units, Grey()
