"""Chest films drawn by a program: tissue thicknesses along the beam, attenuation, scatter and noise.

Nothing in them comes from a person. The shapes are rough anatomy in the project's own numbers; the pixel value is the
logarithm of the exposure (PS3.3 C.8.11.3), as a digital detector delivers it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Points = list[tuple[float, float]]

AIR, TISSUE, BONE = 0.0, 1.0, 2.3
"""Attenuation relative to soft tissue at about 70 kV (rough)."""
LUNG = 0.28


@dataclass(frozen=True, slots=True)
class Body:
    """Proportions of the film, in shares of its width and height. `child` draws AP with head and raised arms."""

    child: bool
    half_width: float
    lung_top: float
    dome_right: float
    dome_left: float
    lung_half: float
    heart_half: float
    rib_width: float
    opacity: float
    seed: int


CHILD = Body(True, 0.36, 0.26, 0.71, 0.74, 0.305, 0.165, 0.011, 0.9, 11)
ADULT = Body(False, 0.45, 0.12, 0.72, 0.75, 0.375, 0.175, 0.010, 0.75, 23)


class _Film:
    """Accumulates tissue thickness (shares of the trunk's depth) on a grid of `rows` x `columns`."""

    def __init__(self, rows: int, columns: int, seed: int) -> None:
        self.rows, self.columns = rows, columns
        self.random = np.random.default_rng(seed)
        y, x = np.mgrid[:rows, :columns].astype(np.float32)
        self.x, self.y = (x + 0.5) / columns - 0.5, (y + 0.5) / rows
        self.ratio = rows / columns

    def _pixels(self, points: Points) -> NDArray[np.int32]:
        return np.rint([((x + 0.5) * self.columns * 16, y * self.rows * 16) for x, y in points]).astype(np.int32)

    def area(self, points: Points, soft: float = 0.0) -> Float:
        """A filled outline, 0-1; `soft` blurs its edge (share of the width)."""
        import cv2

        mask = np.zeros((self.rows, self.columns), np.uint8)
        cv2.fillPoly(mask, [self._pixels(points)], 255, cv2.LINE_AA, 4)
        return self.blur(np.asarray(mask / np.float32(255), np.float32), soft)

    def tube(self, points: Points, width: float, hollow: float = 0.0) -> Float:
        """A rod along a line: round profile, or with `hollow` a denser rim as cortical bone has."""
        import cv2

        def stroke(share: float) -> Float:
            mask = np.zeros((self.rows, self.columns), np.uint8)
            wide = max(round(width * share * self.columns), 1)
            cv2.polylines(mask, [self._pixels(points)], False, 255, wide, cv2.LINE_AA, 4)
            return np.asarray(mask / np.float32(255), np.float32)

        outer = stroke(1.0)
        inner = stroke(0.62)
        profile = outer * 0.55 + inner * 0.45 if not hollow else outer - hollow * inner
        return self.blur(profile, 0.0012)

    def blur(self, image: Float, sigma: float) -> Float:
        """Gaussian; `sigma` as a share of the width."""
        import cv2

        if sigma <= 0:
            return image
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma * self.columns), dtype=np.float32)

    def ball(self, cx: float, cy: float, rx: float, ry: float, turn: float = 0.0) -> Float:
        """Thickness through an ellipsoid, 0-1."""
        dx, dy = self.x - cx, (self.y - cy) * self.ratio
        u = (dx * np.cos(turn) + dy * np.sin(turn)) / rx
        v = (-dx * np.sin(turn) + dy * np.cos(turn)) / ry
        return np.asarray(np.sqrt(np.clip(1 - u * u - v * v, 0, 1)), np.float32)

    def clouds(self, finest: float, coarsest: float) -> Float:
        """Smooth random texture, mean 0, SD 1."""
        total = np.zeros((self.rows, self.columns), np.float32)
        size = coarsest
        while size >= finest:
            layer = self.blur(self.random.standard_normal(total.shape).astype(np.float32), size)
            total += layer / max(float(layer.std()), 1e-6) * size**0.6
            size /= 2
        return np.asarray((total - total.mean()) / float(total.std()), np.float32)


def _lung_outline(body: Body, side: int) -> Points:
    """Side -1 is the patient's right (left on the film)."""
    top, dome = body.lung_top, body.dome_right if side < 0 else body.dome_left
    half = body.lung_half
    inner = 0.055
    outer = [
        (0.30, 0.02),
        (0.55, 0.06),
        (0.74, 0.15),
        (0.87, 0.30),
        (0.95, 0.48),
        (0.99, 0.68),
        (1.0, 0.88),
        (0.98, 1.08),
    ]
    span = dome - top
    points = [(side * inner, top + 0.05), (side * inner * 1.3, top)]
    points += [(side * (inner + share * (half - inner)), top + t * span) for share, t in outer]
    steps = np.linspace(0, 1, 14)
    edge = half * 0.98
    arc = [
        (side * (edge - s * (edge - inner)), dome + span * (0.08 * (1 - s) ** 3 - 0.0 * s) - 0.035 * np.sin(np.pi * s))
        for s in steps
    ]
    return points + [(float(x), float(y)) for x, y in arc]


def _rib(body: Body, side: int, number: int) -> tuple[Points, Points]:
    """Posterior and anterior course of a rib."""
    span = body.dome_right + 0.12 - body.lung_top
    y = body.lung_top - 0.01 + span * (number + 0.35) / 10.5
    reach = body.lung_half * (0.62 + 0.40 * min((number + 0.6) / 4.5, 1.0) ** 0.75)
    t = np.linspace(0, 1, 24)
    fall = 0.035 + 0.010 * number
    back = [
        (side * (0.035 + (reach - 0.035) * np.sin(np.pi / 2 * s)), y - 0.015 * np.sin(np.pi * s) + fall * s**2.2)
        for s in t
    ]
    ex, ey = back[-1]
    depth = 0.075 + 0.012 * number
    front = [(ex - side * (0.62 * reach) * s**1.6, ey + depth * (s**0.75) + 0.01 * number * s) for s in t]
    return _plain(back), _plain(front)


def _plain(points: list[Any]) -> Points:
    return [(float(x), float(y)) for x, y in points]


def _bones(film: _Film, body: Body) -> Float:
    bone = np.zeros((film.rows, film.columns), np.float32)
    for side in (-1, 1):
        for number in range(11):
            back, front = _rib(body, side, number)
            bone += 0.085 * film.tube(back, body.rib_width * 1.9, hollow=0.45)
            if number < 8:
                bone += 0.048 * film.tube(front, body.rib_width * 2.0, hollow=0.4)
        top = body.lung_top
        collar = [
            (side * 0.035, top + 0.045),
            (side * 0.10, top + 0.028),
            (side * 0.19, top + 0.002),
            (side * 0.30, top - 0.035),
        ]
        bone += 0.12 * film.tube(collar, body.rib_width * 2.1, hollow=0.5)
        blade = [(side * x, top + y) for x, y in ((0.27, 0.0), (0.335, 0.10), (0.345, 0.20), (0.315, 0.30))]
        bone += 0.045 * film.tube(blade, 0.02, hollow=0.3)
        bone += _arm(film, body, side)
    return bone + _spine(film, body)


def _arm(film: _Film, body: Body, side: int) -> Float:
    top = body.lung_top
    if body.child:
        line = [(side * 0.345, top - 0.02), (side * 0.40, top - 0.13), (side * 0.45, top - 0.27)]
    else:
        line = [(side * 0.43, top + 0.02), (side * 0.475, top + 0.16), (side * 0.50, top + 0.36)]
    head = film.ball(line[0][0], line[0][1], 0.028, 0.03)
    return np.asarray(0.14 * film.tube(line, 0.036, hollow=0.55) + 0.12 * head, dtype=np.float32)


def _spine(film: _Film, body: Body) -> Float:
    bone = np.zeros((film.rows, film.columns), np.float32)
    count = 15
    step = 1.0 / count
    for number in range(count + 1):
        y, half = number * step, 0.030 + 0.006 * number / count
        block = [(-half, y + 0.006), (half, y + 0.006), (half * 0.93, y + step / 2), (half, y + step - 0.009),
                 (-half, y + step - 0.009), (-half * 0.93, y + step / 2)]  # fmt: skip
        bone += 0.125 * film.area(block, 0.0022)
        for side in (-1, 1):
            bone += 0.07 * film.ball(side * half * 0.62, y + step * 0.36, 0.008, 0.012)
            process = [(side * half, y + step * 0.4), (side * (half + 0.022), y + step * 0.34)]
            bone += 0.04 * film.tube(process, 0.012)
        bone += 0.05 * film.ball(0.0, y + step * 0.62, 0.006, 0.014)
    return bone


def _vessels(film: _Film, body: Body) -> Float:
    """Branching lines from each hilum, thinner with every branch."""
    drawn = np.zeros((film.rows, film.columns), np.float32)
    for side in (-1, 1):
        start = (side * 0.085, body.lung_top + 0.48 * (body.dome_right - body.lung_top))
        queue = [(start, float(a), 0.013, 0) for a in np.linspace(-1.25, 1.35, 9)]
        while queue:
            (x, y), direction, width, depth = queue.pop()
            length = film.random.uniform(0.045, 0.08) * 0.88**depth
            bend = direction + film.random.normal(0, 0.18)
            end = (x + side * np.cos(bend) * length, y + np.sin(bend) * length / film.ratio)
            drawn += (0.035 * 0.8**depth) * film.tube([(x, y), (float(end[0]), float(end[1]))], width)
            if depth < 5:
                for turn in (-0.32, 0.30):
                    queue.append(
                        (
                            (float(end[0]), float(end[1])),
                            bend + turn + film.random.normal(0, 0.12),
                            width * 0.7,
                            depth + 1,
                        )
                    )
                    if depth > 2 and film.random.random() < 0.5:
                        break
    return film.blur(np.minimum(drawn, 0.14), 0.0015)


def _trunk(film: _Film, body: Body) -> Float:
    """Soft-tissue thickness of trunk, neck, head and arms, 0-1."""
    top = body.lung_top
    waist = body.half_width * (1 + 0.06 * np.sin(np.pi * np.clip((film.y - 0.5) / 0.6, -1, 1)))
    shoulder = 1 / (1 + np.exp(-(film.y - (top - 0.055)) * 90 - 10 * (0.30 - np.abs(film.x))))
    trunk = np.sqrt(np.clip(1 - (film.x / waist) ** 2, 0, 1)) * shoulder
    neck = np.sqrt(np.clip(1 - (film.x / 0.10) ** 2, 0, 1)) * 0.62
    body_part = np.maximum(trunk, neck)
    if body.child:
        body_part = np.maximum(body_part, 1.05 * film.ball(0.0, top - 0.285, 0.15, 0.21))
    for side in (-1, 1):
        line = [(side * 0.33, top + 0.02), (side * 0.40, top - 0.12), (side * 0.47, top - 0.30)]
        if not body.child:
            line = [(side * 0.41, top + 0.02), (side * 0.475, top + 0.18), (side * 0.51, top + 0.40)]
        body_part = np.maximum(body_part, 0.46 * film.blur(film.tube(line, 0.12), 0.012))
    return np.asarray(body_part, dtype=np.float32)


def _lungs(film: _Film, body: Body) -> Float:
    """Thickness of air-filled lung, 0-1: deepest in the middle, thin at the edges."""
    import cv2

    total = np.zeros((film.rows, film.columns), np.float32)
    for side in (-1, 1):
        mask = film.area(_lung_outline(body, side))
        distance = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / film.columns
        share = np.clip(distance / (0.11 if body.child else 0.13), 0, 1)
        total += np.sqrt(1 - (1 - share) ** 2).astype(np.float32) * mask
    return film.blur(total, 0.0015)


def _heart(film: _Film, body: Body) -> Float:
    base = body.dome_left
    size = body.heart_half
    left = film.ball(0.045, base - 0.115, size, size * 1.08, 0.55)
    right = film.ball(-0.035, base - 0.125, size * 0.62, size * 0.92)
    upper = film.area([(-0.052, body.lung_top - 0.05), (0.052, body.lung_top - 0.05), (0.062, body.lung_top + 0.20),
                       (0.085, base - 0.16), (-0.07, base - 0.16), (-0.056, body.lung_top + 0.16)], 0.006)  # fmt: skip
    knob = 0.75 * film.ball(0.062, body.lung_top + 0.15, 0.038, 0.04)
    pulmonary = 0.6 * film.ball(0.068, body.lung_top + 0.225, 0.035, 0.05)
    heart = np.maximum.reduce([left, right, 0.72 * upper, knob, pulmonary])
    if body.child:
        thymus = 0.55 * film.ball(-0.02, body.lung_top + 0.12, 0.10, 0.12)
        heart = np.maximum(heart, thymus)
    return np.asarray(heart, dtype=np.float32)


def _opacity(film: _Film, body: Body) -> Float:
    """Share of air replaced by fluid: patchy, in the right lower zone, with air-filled bronchi left dark."""
    cx, cy = -0.155 * body.lung_half / 0.305, body.dome_right - 0.105
    dx, dy = (film.x - cx) / 0.105, (film.y - cy) * film.ratio / 0.085
    reach = dx * dx + dy * dy + 0.45 * film.clouds(0.012, 0.10)
    patchy = 1 / (1 + np.exp(np.clip(2.6 * (reach - 1.0), -30, 30)))
    share = np.clip(patchy * (1 + 0.16 * film.clouds(0.004, 0.02)), 0, 1) * body.opacity
    share = film.blur(share.astype(np.float32), 0.004)
    for bend in (-0.3, 0.1, 0.5):
        line = [(-0.09, cy - 0.06), (-0.13, cy - 0.03 + 0.03 * bend), (cx - 0.02, cy + 0.06 * (0.4 + bend))]
        share *= 1 - 0.5 * film.blur(film.tube(line, 0.009), 0.0035)
    return np.asarray(share, dtype=np.float32)


def draw(body: Body, rows: int, columns: int) -> NDArray[np.uint16]:
    """A film as stored values: uint16 (rows, columns), 12 bits, MONOCHROME2 (dense is white)."""
    film = _Film(rows, columns, body.seed)
    trunk, heart = _trunk(film, body), _heart(film, body)
    air = _lungs(film, body) * np.clip(1 - 0.95 * film.blur(heart, 0.004), 0.04, 1)
    air *= 1 - _opacity(film, body)
    air *= 1 + 0.035 * film.clouds(0.003, 0.03)
    gas = 0.35 * film.ball(0.155, body.dome_left + 0.075, 0.075, 0.045) * (1 + 0.3 * film.clouds(0.01, 0.04))
    windpipe = film.tube([(0.004, 0.0), (0.0, body.lung_top + 0.10), (-0.004, body.lung_top + 0.19)], 0.034)
    tissue = trunk * TISSUE - (TISSUE - LUNG) * 0.98 * air - 0.20 * windpipe - 0.5 * np.clip(gas, 0, 1)
    tissue += 0.10 * heart + _vessels(film, body) * (air > 0.05)
    tissue += 0.03 * film.clouds(0.02, 0.2) * (trunk > 0.05)
    path = np.clip(tissue, 0, None) + (BONE - TISSUE) * _bones(film, body) * (trunk > 0.02)
    scatter = film.blur(path.astype(np.float32), 0.06)
    seen = film.blur((0.82 * path + 0.18 * scatter).astype(np.float32), 0.0009)
    grain = film.random.standard_normal(seen.shape).astype(np.float32)
    seen += 0.0045 * np.sqrt(np.exp(1.2 * seen)) * grain
    values = 340 + 2650 * (1 - np.exp(-1.35 * np.clip(seen, 0, None)))
    values = _burn_in(values.astype(np.float32), body)
    return np.clip(np.rint(values), 0, 4095).astype(np.uint16)


def _burn_in(values: Float, body: Body) -> Float:
    """Side marker and the word SYNTHETIC, as part of the picture."""
    import cv2

    rows, columns = values.shape
    scale = columns / 900
    layer = np.zeros((rows, columns), np.uint8)
    face = cv2.FONT_HERSHEY_SIMPLEX
    at = (round(0.045 * columns), round(0.30 * rows))
    cv2.putText(layer, "R", at, face, 1.5 * scale, 255, round(4 * scale), cv2.LINE_AA)
    bottom = (round(0.035 * columns), round(0.985 * rows))
    cv2.putText(layer, "SYNTHETIC - not a person", bottom, face, 0.62 * scale, 255, round(2 * scale), cv2.LINE_AA)
    share = layer.astype(np.float32) / 255
    return np.asarray(values * (1 - share) + 3900 * share, np.float32)


def write(path: Any, body: Body, *, rows: int, columns: int, spacing_mm: float, tags: dict[str, str]) -> None:
    """A film as a DICOM file (Digital X-Ray for Presentation, JPEG-LS lossless), marked SYNTHETIC.

    `tags` gives at least PatientName, PatientID, PatientBirthDate, PatientSex, PatientAge, StudyDate, StudyTime,
    ViewPosition and `root`, the unique part of the UIDs (so that the same film is the same object).
    """
    import pydicom
    from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGLSLossless, generate_uid

    tags = dict(tags)
    root = tags.pop("root")
    study, series, instance = (generate_uid(entropy_srcs=[root, part]) for part in ("study", "series", "film"))
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.1.1")
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = instance
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    fixed = {
        "ImageType": ["DERIVED", "PRIMARY"], "Modality": "DX", "Manufacturer": "Consilium phantom",
        "InstitutionName": "SYNTHETIC", "StudyDescription": "SYNTHETIC chest film", "SeriesDescription": "Chest",
        "PatientComments": "SYNTHETIC: drawn by a program, not a person", "BodyPartExamined": "CHEST",
        "PatientOrientation": ["L", "F"], "ImageLaterality": "U", "PresentationIntentType": "FOR PRESENTATION",
        "BurnedInAnnotation": "YES", "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0, "PixelIntensityRelationship": "LOG",
        "PixelIntensityRelationshipSign": -1, "RescaleIntercept": 0, "RescaleSlope": 1, "RescaleType": "US",
        "PresentationLUTShape": "IDENTITY", "LossyImageCompression": "00", "SeriesNumber": 1, "InstanceNumber": 1,
        "StudyID": "1", "AccessionNumber": "", "ReferringPhysicianName": "", "WindowCenter": 1500, "WindowWidth": 2500,
    }  # fmt: skip
    for keyword, value in (fixed | tags).items():
        setattr(dataset, keyword, value)
    for stem in ("Series", "Acquisition", "Content"):
        setattr(dataset, f"{stem}Date", tags["StudyDate"])
        setattr(dataset, f"{stem}Time", tags["StudyTime"])
    dataset.ImagerPixelSpacing = [spacing_mm, spacing_mm]
    dataset.Rows, dataset.Columns = rows, columns
    dataset.PixelData = draw(body, rows, columns).tobytes()
    dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    dataset.save_as(path, enforce_file_format=True)
