"""A pack small enough to reason about: log-odds are a weighted sum of the means of the 64 regions."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from core.inference import packs
from core.inference.gate import Density, picture_features, save_density
from core.inference.preprocess import Preprocessing, film
from core.learning import pack_build

SIZE, GRID = 32, (8, 8)
WEIGHTS = np.linspace(-1.0, 2.0, 64).astype(np.float32)


def graph(weights: np.ndarray = WEIGHTS, pairwise: float = 0.0) -> bytes:
    """film, baseline, masks -> logit (n, 1), features (n, 64). `pairwise` adds a product of two sums (not additive)."""
    constants = {
        "shape": np.array([-1, 1, 8, 8], np.int64),
        "scales": np.array([1, 1, SIZE / 8, SIZE / 8], np.float32),
        "flat": np.array([-1, 64], np.int64),
        "w": weights.reshape(64, 1),
        "u": np.eye(64, dtype=np.float32)[:, :1] * pairwise,
        "v": np.eye(64, dtype=np.float32)[:, 63:],
    }
    step = SIZE // 8
    nodes = [
        helper.make_node("Reshape", ["masks", "shape"], ["grid"]),
        helper.make_node(
            "Resize",
            ["grid", "", "scales"],
            ["mask"],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
        helper.make_node("Sub", ["film", "baseline"], ["difference"]),
        helper.make_node("Mul", ["difference", "mask"], ["shown"]),
        helper.make_node("Add", ["baseline", "shown"], ["blended"]),
        helper.make_node("AveragePool", ["blended"], ["means"], kernel_shape=[step, step], strides=[step, step]),
        helper.make_node("Reshape", ["means", "flat"], ["features"]),
        helper.make_node("MatMul", ["features", "w"], ["linear"]),
        helper.make_node("MatMul", ["features", "u"], ["first"]),
        helper.make_node("MatMul", ["features", "v"], ["second"]),
        helper.make_node("Mul", ["first", "second"], ["product"]),
        helper.make_node("Add", ["linear", "product"], ["logit"]),
    ]
    size = [None, 1, SIZE, SIZE]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("film", size), ("baseline", size), ("masks", [None, 64]))
    ]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("logit", [None, 1]), ("features", [None, 64]))
    ]
    made = helper.make_graph(
        nodes, "tiny", inputs, outputs, [numpy_helper.from_array(v, k) for k, v in constants.items()]
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def picture(seed: int, rows: int = 120, columns: int = 100) -> np.ndarray:
    """A smooth made-up film, uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:columns]
    lungs = np.exp(-(((x - columns * 0.3) / 15) ** 2)) + np.exp(-(((x - columns * 0.7) / 15) ** 2))
    light = 160 - 90 * lungs + 20 * rng.normal() * y / rows + rng.normal(scale=4, size=(rows, columns))
    return np.clip(light, 0, 255).astype(np.uint8)


def density(limit: float = 0.99) -> Density:
    """A gate that knows twenty of `picture`'s films by their mean distance, and has no outlier score."""
    spec = Preprocessing(SIZE, 0.8)
    rows = np.stack([_features(film(picture(k), spec)) for k in range(20)])
    centre, scale = rows.mean(axis=0), rows.std(axis=0) + 0.05
    basis = np.eye(rows.shape[1], 4, dtype=np.float32)
    plain = Density(
        centre=centre.astype(np.float32),
        scale=scale.astype(np.float32),
        basis=basis,
        whiten=np.eye(4, dtype=np.float32),
        weights=np.zeros(rows.shape[1], np.float32),
        bias=0.0,
        distances=np.zeros(1, np.float32),
        outliers=np.zeros(1, np.float32),
        limit=limit,
    )
    found = np.sort(plain.scores(rows)[0])
    return Density(
        plain.centre,
        plain.scale,
        basis,
        plain.whiten,
        plain.weights,
        0.0,
        np.append(found, found[-1] + 1).astype(np.float32),
        np.zeros(1, np.float32),
        limit,
    )


def _features(one: np.ndarray) -> np.ndarray:
    step = SIZE // 8
    return picture_features(one, one.reshape(8, step, 8, step).mean(axis=(1, 3)).ravel())


def manifest(**changes: Any) -> dict[str, Any]:
    """A valid manifest without its files."""
    found: dict[str, Any] = {
        "schema": 1,
        "id": "tiny",
        "version": "1.0.0",
        "task": "image-classification",
        "name": {"en": "Tiny", "zh": "小"},
        "licence": "Apache-2.0",
        "training_data": [{"title": "made up", "licence": "none", "films": 0, "patients": 0}],
        "input": {"name": "film", "dtype": "float32", "shape": ["n", 1, SIZE, SIZE]},
        "graphs": {"predict": "model.onnx"},
        "preprocessing": {"size": SIZE, "equalise_box": 0.8},
        "labels": [
            {
                "code": {"system": "consilium", "code": "chest_xray_opacity"},
                "name": {"en": "Opacity", "zh": "阴影"},
                "threshold": 0.5,
                "prevalence": 0.5,
            }
        ],
        "calibration": {"temperature": 2.0, "bias": 0.25, "covariance": [0.01, 0, 0, 0.01], "spread": 0.1},
        "domain": {
            "modalities": ["CR", "DX"],
            "views": ["AP", "PA"],
            "body_parts": ["CHEST"],
            "age_from_years": 1,
            "age_below_years": 6,
            "least_size": 64,
        },
        "regions": {"rows": 8, "columns": 8},
        "baselines": {"default": "blur"},
        "metrics": {},
    }
    return found | changes


def write(folder: Path, pairwise: float = 0.0, **changes: Any) -> packs.Pack:
    """The tiny pack in `folder`."""
    model = graph(pairwise=pairwise)
    plain = pack_build.Graph(model, Preprocessing(SIZE, 0.8), 64)
    stated = {"reference": pack_build.reference(plain, 7)}
    files = {"model.onnx": model, "gate.npz": save_density(density()), "MODEL_CARD.md": b"tiny\n"}
    return pack_build.write(folder, manifest(**changes) | stated, files)
