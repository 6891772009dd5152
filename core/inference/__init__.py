"""Model packs on ONNX Runtime: sessions, preprocessing, calibration and the input gate. Never imports torch."""
