"""Predicting, explaining and evaluating need none of the heavy libraries."""

import subprocess
import sys

CODE = """
import sys
import core.explain.image, core.inference.install, core.inference.predict, core.learning.evaluate
import core.verbs.evaluate_explanations, core.verbs.evaluate_image, core.verbs.learn, core.verbs.models
heavy = {"torch", "shap", "sklearn", "scipy", "pandas", "numba", "cv2", "onnx", "PySide6", "transformers"}
print(sorted(heavy & set(sys.modules)))
"""


def test_no_heavy_import_on_the_way_to_a_prediction() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
