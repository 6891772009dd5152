"""The image viewer: stacks, windows, measurements, overlays."""
