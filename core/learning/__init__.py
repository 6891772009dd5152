"""Data sets, training, evaluation and export of models. Modules that import torch at their top need the `training`
extra and are imported by functions only, never on the way to the window."""
