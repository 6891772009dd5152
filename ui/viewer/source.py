"""What a viewport shows: the frames of a series, or the cuts of a volume. No Qt."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Protocol

from core.imaging import measure
from core.imaging.cache import FrameCache, nearest_first
from core.imaging.document import draw_page
from core.imaging.header import read_header
from core.imaging.mpr import View, reslice, slab, to_voxel
from core.imaging.pixels import Frame, frame, frame_of
from core.imaging.types import Instance, Plane, Series, Vector
from core.imaging.volume import dot, normal
from core.imaging.volume_types import Volume
from core.imaging.waveform import draw_waveform
from core.imaging.window import Grey, Table, Window

AHEAD = 48
"""Quick frames are read ahead only this far on either side: reading all would keep the window's thread waiting."""
FAR = 1e9
QUICK_BYTES = 4 * 1024**2
"""Uncompressed frames up to this size are read at once, without a round through the background."""
_LOSSY = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 81, 91, 203))


class Source(Protocol):
    """Frames by index, with what a viewport needs to know about each."""

    count: int

    def get(self, index: int) -> Frame | None: ...

    def instance(self, index: int) -> Instance: ...

    def image_id(self, index: int) -> str: ...

    def object_key(self, index: int) -> tuple[str, int]: ...

    def spacing(self, index: int) -> measure.Spacing: ...

    def plane(self, index: int) -> Plane | None: ...


def aspect_of(spacing: measure.Spacing) -> float:
    """Height of a pixel over its width; 1 where not known."""
    if spacing.row_mm is None or not spacing.column_mm:
        return 1.0
    return spacing.row_mm / spacing.column_mm


Step = tuple[object, Callable[[], Frame], float, int]
"""(key, decode, distance from the focus, bytes the frame will take): one frame to decode in the background."""


class SeriesSource:
    """The frames of a series through the shared cache."""

    def __init__(self, series: Series, cache: FrameCache, ids: Mapping[tuple[str, int], str] | None = None) -> None:
        self.series, self.cache, self.ids = series, cache, dict(ids or {})
        self.addresses = series.addresses()
        self.count = len(self.addresses)
        self.places: dict[object, int] = {self.key(i): i for i in range(self.count)}

    def key(self, index: int) -> tuple[str, int]:
        """The frame's key in the cache."""
        address = self.addresses[index]
        return address.instance.path, address.frame

    def get(self, index: int) -> Frame | None:
        """The frame if it is decoded, or can be read within milliseconds; else None."""
        found = self.cache.get(self.key(index))
        if found is None and self.quick(index):
            found = self.decode(index)
            self.cache.put(self.key(index), found)
        return found

    def quick(self, index: int) -> bool:
        """Whether the frame is read in milliseconds: uncompressed and not large."""
        instance = self.addresses[index].instance
        return instance.pixel_offset >= 0 and self._bytes(index) <= QUICK_BYTES

    def _bytes(self, index: int) -> int:
        instance = self.addresses[index].instance
        per_pixel = 3 if instance.colour else max(instance.bits_allocated // 8, 1)
        return instance.rows * instance.columns * per_pixel

    def volume_bytes(self) -> int:
        """Memory a volume of all frames takes."""
        return self._bytes(0) * self.count if self.count else 0

    def decode(self, index: int) -> Frame:
        """Decode one frame. Raises `Unreadable`."""
        address = self.addresses[index]
        if address.instance.kind == "waveform":
            return Frame(draw_waveform(address.instance.path), photometric="RGB", bits_stored=8)
        if address.instance.kind == "encapsulated document":
            return Frame(draw_page(address.instance.path, address.frame), photometric="RGB", bits_stored=8)
        if address.instance.kind == "image":
            return frame_of(read_header(address.instance.path), address.frame)
        return frame(address.instance.path, address.frame)

    def plan(self, focus: int) -> Iterator[Step]:
        """Frames to decode in the background, nearest first."""
        for index in islice(nearest_first(self.count, focus), 2 * AHEAD if self.quick(focus) else None):
            yield self.key(index), lambda i=index: self.decode(i), float(abs(index - focus)), self._bytes(index)

    def distance(self, key: object, focus: int) -> float:
        """How far a frame is from the focus; infinite for frames of other series."""
        place = self.places.get(key)
        return abs(place - focus) if place is not None else FAR

    def instance(self, index: int) -> Instance:
        """The instance a frame belongs to."""
        return self.addresses[index].instance

    def image_id(self, index: int) -> str:
        """The id measurements refer to: that of the `ImageRef` where there is one."""
        path, number = self.key(index)
        if (path, number) in self.ids:
            return self.ids[path, number]
        name = self.instance(index).sop_instance_uid or path
        return f"image:{name}" + (f"#{number}" if number else "")

    def object_key(self, index: int) -> tuple[str, int]:
        """(SOP instance UID, frame): how other objects name the frame."""
        return self.addresses[index].instance.sop_instance_uid, self.addresses[index].frame

    def spacing(self, index: int) -> measure.Spacing:
        """What a pixel measures."""
        return measure.spacing_of(self.instance(index))

    def plane(self, index: int) -> Plane | None:
        """Where the frame lies in the patient."""
        address = self.addresses[index]
        planes = address.instance.planes
        return planes[address.frame] if address.frame < len(planes) else None

    def nearest(self, place: Plane) -> int | None:
        """The frame nearest to a plane along its normal; None where the orientations differ by over 15 degrees."""
        along = normal(place)
        best: tuple[float, int] | None = None
        for index in range(self.count):
            plane = self.plane(index)
            if plane is None or abs(dot(normal(plane), along)) < 0.966:
                return None
            distance = abs(dot(plane.position, along) - dot(place.position, along))
            if best is None or distance < best[0]:
                best = distance, index
        return best[1] if best is not None else None

    def lossy(self, index: int) -> bool:
        """Whether the frame was stored with loss."""
        return self.instance(index).syntax in _LOSSY


class CutSource:
    """Axial, coronal or sagittal cuts of a volume, or maximum-intensity slabs of them."""

    def __init__(self, volume: Volume, cut: View, instance: Instance, windows: tuple[Window | Table, ...]) -> None:
        self.volume, self.cut, self._instance, self._windows = volume, cut, instance, windows
        self.count, self.thickness = cut.slices, 1
        self._last: tuple[tuple[int, int], Frame] | None = None

    def get(self, index: int) -> Frame:
        """The cut; the last one is kept."""
        key = (index, self.thickness)
        if self._last is None or self._last[0] != key:
            plane = (
                reslice(self.volume, self.cut, index)
                if self.thickness <= 1
                else slab(self.volume, self.cut, index, self.thickness)
            )
            grey: Grey = self.volume.grey
            unit = "HU" if self._instance.modality == "CT" else ""
            self._last = key, Frame(plane, grey, self._windows, unit=unit)
        return self._last[1]

    def instance(self, index: int) -> Instance:
        """An instance of the series the volume was made of."""
        return self._instance

    def image_id(self, index: int) -> str:
        """An id of its own: marks on a cut are not marks on a stored image."""
        return f"cut:{self._instance.series_instance_uid}:{self.cut.name}:{index}"

    def object_key(self, index: int) -> tuple[str, int]:
        """A cut is no stored frame: nothing names it."""
        return "", index

    def spacing(self, index: int) -> measure.Spacing:
        """The cut's own spacing."""
        return measure.Spacing(*self.cut.spacing_mm, measure.IN_PATIENT)

    def plane(self, index: int) -> Plane | None:
        """Where the cut lies, for the directions at its edges."""
        grid, cut = self.volume.geometry, self.cut
        directions = (grid.slice, grid.column, grid.row)
        right = directions[cut.right] if not cut.right_flipped else _minus(directions[cut.right])
        down = directions[cut.down] if not cut.down_flipped else _minus(directions[cut.down])
        return Plane(grid.to_patient(*to_voxel(cut, index, 0, 0)), right, down, cut.spacing_mm)


def _minus(v: Vector) -> Vector:
    return -v[0], -v[1], -v[2]
