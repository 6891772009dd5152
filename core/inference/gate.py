"""The input gate: rules of the validated domain, then the picture alone (density on the model's own features)."""

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.basics import Label
from core.domain.imaging import ImageRef, NoEstimate
from core.inference.packs import Pack

Floats = NDArray[np.float32]
FILE = "gate.npz"
_THUMB = 16
_SAMPLED = 200  # rows of the histogram that tells an empty image


def refuse(pack: Pack, ref: ImageRef, rule: str, en: str, zh: str) -> NoEstimate:
    """ "No estimate", with the rule's name and the sentence to show."""
    return NoEstimate(ref.id, pack.version, rule, Label(f"No estimate: {en}", f"不作估计：{zh}"))


def check_domain(pack: Pack, ref: ImageRef) -> NoEstimate | None:
    """What DICOM or the user said against the pack's domain. What is not known is not held against the image."""
    domain = pack.domain
    modality, view, part = ref.modality.upper(), ref.view.upper(), ref.body_part.upper()
    if modality and modality not in domain.modalities:
        en = f"the model reads radiographs ({', '.join(domain.modalities)}), this image is {modality}."
        return refuse(
            pack, ref, "modality", en, f"模型只读 X 线片（{'、'.join(domain.modalities)}），此图像为 {modality}。"
        )
    if part and not any(name in part for name in domain.body_parts):
        return refuse(pack, ref, "body_part", f"the body part is {part}, not the chest.", f"部位为 {part}，不是胸部。")
    if view and view not in domain.views:
        allowed = " / ".join(domain.views)
        return refuse(
            pack, ref, "view", f"the view is {view}; validated on {allowed}.", f"体位为 {view}；仅验证过 {allowed}。"
        )
    age = ref.age_years
    if age is not None and not domain.age_from_years <= age < domain.age_below_years:
        low, high = domain.age_from_years, domain.age_below_years
        en = f"the patient is {age:.3g} years old; validated from {low:g} to under {high:g} years."
        return refuse(pack, ref, "age", en, f"患者 {age:.3g} 岁；仅在 {low:g} 岁至未满 {high:g} 岁中验证过。")
    return None


def check_pixels(pack: Pack, ref: ImageRef, pixels: NDArray[np.uint8]) -> NoEstimate | None:
    """Colour, size and contrast, before the graph is run. `pixels`: uint8 (rows, columns) or (rows, columns, 3)."""
    if pixels.ndim == 3:
        return refuse(pack, ref, "colour", "this is a colour picture, not a radiograph.", "这是彩色图片，不是 X 线片。")
    least = pack.domain.least_size
    rows, columns = pixels.shape
    if min(rows, columns) < least:
        en = f"the image is {columns} x {rows} pixels; at least {least} x {least} are needed."
        return refuse(pack, ref, "size", en, f"图像为 {columns} × {rows} 像素；至少需要 {least} × {least}。")
    if max(rows, columns) > 2.5 * min(rows, columns):
        return refuse(pack, ref, "shape", "the image is far from a film's shape.", "图像的长宽比与胸片相差太大。")
    step = max(2, min(pixels.shape) // _SAMPLED)
    counts = _histogram(pixels[::step, ::step])
    if counts.max() > 0.85 * counts.sum() or (counts > 0).sum() < 16:
        return refuse(pack, ref, "contrast", "the image is nearly empty.", "图像几乎为空。")
    return None


def _histogram(pixels: NDArray[np.uint8]) -> Floats:
    """Counts of the 256 grey levels (a fifth of the time of numpy's `bincount`)."""
    import cv2

    return np.asarray(cv2.calcHist([np.ascontiguousarray(pixels)], [0], None, [256], [0, 256]).ravel(), np.float32)


@dataclass(frozen=True, slots=True)
class Density:
    """Fitted on training films. `centre`, `scale` (d,) standardise; `whiten` (d, k) whitens the main directions;
    `weights` (d,), `bias`: films against outliers, by logistic regression; `distances`, `outliers`: sorted scores of
    validation films, which turn a score into a rank; `limit`: the rank above which the gate refuses."""

    centre: Floats
    scale: Floats
    basis: Floats
    whiten: Floats
    weights: Floats
    bias: float
    distances: Floats
    outliers: Floats
    limit: float

    def scores(self, features: Floats) -> tuple[Floats, Floats]:
        """(n, d) -> distance from the training films, log-odds of being an outlier; both (n,)."""
        x = (features - self.centre) / self.scale
        inside = x @ self.basis
        rest = ((x - inside @ self.basis.T) ** 2).mean(axis=1)
        near = ((inside @ self.whiten) ** 2).mean(axis=1)
        distance: Floats = np.asarray(np.log(near + 1e-9) + np.log(rest + 1e-9), np.float32)
        outlier: Floats = np.asarray(x @ self.weights + self.bias, np.float32)
        return distance, outlier

    def ood(self, features: Floats) -> Floats:
        """(n, d) -> (n,) in 0-1: the higher of the two ranks among validation films of the domain."""
        distance, outlier = self.scores(features)
        ranks = [
            np.searchsorted(known, score, side="left") / len(known)
            for known, score in ((self.distances, distance), (self.outliers, outlier))
        ]
        return np.maximum(*ranks).astype(np.float32)


def picture_features(film: Floats, embedding: Floats) -> Floats:
    """(1, size, size) film and (d,) embedding -> (d + 256,): the embedding and a 16 x 16 thumbnail of the film."""
    size = film.shape[-1] // _THUMB
    thumb = film.reshape(_THUMB, size, _THUMB, size).mean(axis=(1, 3))
    return np.concatenate([embedding, thumb.ravel()]).astype(np.float32)


@lru_cache(maxsize=8)
def density(pack: Pack) -> Density:
    """The pack's fitted density, its file verified."""
    with np.load(io.BytesIO(pack.read(FILE)), allow_pickle=False) as data:
        values: dict[str, Any] = {name: data[name] for name in data.files}
    fields: dict[str, Any] = {k: float(v) if v.ndim == 0 else v.astype(np.float32) for k, v in values.items()}
    return Density(**fields)


def save_density(fitted: Density) -> bytes:
    """The bytes of `gate.npz` (half precision where it serves)."""
    out = io.BytesIO()
    fields = {name: getattr(fitted, name) for name in Density.__dataclass_fields__}
    arrays = {k: np.asarray(v, np.float16 if k in {"basis", "whiten"} else np.float32) for k, v in fields.items()}
    np.savez_compressed(out, allow_pickle=False, **arrays)
    return out.getvalue()


def check_picture(pack: Pack, ref: ImageRef, ood: float) -> NoEstimate | None:
    """The picture alone: refused where it lies farther from the training films than nearly all validation films."""
    if ood <= density(pack).limit:
        return None
    name = pack.name
    en = f"the picture does not look like the films this model was validated on ({name.en})."
    return refuse(pack, ref, "picture", en, f"图像与该模型验证所用的片子（{name.zh or name.en}）不相似。")
