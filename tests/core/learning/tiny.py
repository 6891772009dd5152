"""Small made-up data sets and models: SYNTHETIC, learnable in seconds."""

import csv
import json
from pathlib import Path

import numpy as np
from PIL import Image

WORDS = (
    "fever",
    "cough",
    "chills",
    "sputum",
    "rash",
    "itch",
    "scale",
    "ring",
    "the",
    "patient",
    "has",
    "for",
    "days",
    "and",
)


def table(path: Path, n: int = 160, effect: float = 2.0, seed: int = 0) -> Path:
    """Two rows a patient; `marker` tells the label, `noise` does not; some markers are missing."""
    rng = np.random.default_rng(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["patient", "label", "age", "sex", "marker", "noise", "site"])
        for k in range(n):
            sick = rng.random() < 0.4
            marker = "" if rng.random() < 0.1 else f"{rng.normal(effect * sick):.3f}"
            out.writerow([f"p{k // 2}", "sepsis" if sick else "well", int(rng.integers(1, 90)), "FM"[k % 2], marker,
                          f"{rng.normal():.3f}", "AB"[k % 3 == 0]])  # fmt: skip
    return path


def three_classes(path: Path, n: int = 150) -> Path:
    """One row a patient, three classes on a circle."""
    rng = np.random.default_rng(3)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["patient", "label", "x", "y"])
        for k in range(n):
            angle = 2 * np.pi * (k % 3) / 3
            out.writerow(
                [f"p{k}", "abc"[k % 3], np.cos(angle) + rng.normal(scale=0.4), np.sin(angle) + rng.normal(scale=0.4)]
            )
    return path


def notes(path: Path, n: int = 80) -> Path:
    """Texts about a chest or a skin, one line of JSON each."""
    rng = np.random.default_rng(1)
    lines = []
    for k in range(n):
        own = WORDS[:4] if k % 2 else WORDS[4:8]
        text = " ".join(["the patient has", *rng.choice(own, 3), "for days"])
        lines.append(
            json.dumps(
                {"text": text, "label": "chest" if k % 2 else "skin", "patient": f"p{k}", "sex": "FM"[k % 4 < 2]}
            )
        )
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def films(folder: Path, n: int = 60) -> Path:
    """Noise with a blot in the middle or without it; `labels.csv` beside them."""
    rng = np.random.default_rng(2)
    y, x = np.mgrid[0:64, 0:64] / 64 - 0.5
    blot = 120 * np.exp(-(x**2 + y**2) / 0.02)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["file", "label", "patient", "age", "view", "sex"])
        for k in range(n):
            coarse = np.kron(rng.normal(scale=18, size=(8, 8)), np.ones((8, 8)))
            film = np.clip(80 + coarse + rng.normal(scale=8, size=(64, 64)) + (k % 2) * blot, 0, 255).astype(np.uint8)
            Image.fromarray(film).save(folder / f"{k}.png")
            out.writerow([f"{k}.png", "opacity" if k % 2 else "normal", f"p{k}", 40 + k % 30, "PA", "FM"[k % 4 < 2]])
    return folder


def bert(folder: Path) -> Path:
    """A random BERT of one layer with a word tokenizer."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

    vocabulary = {word: k for k, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS])}
    made = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    made.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48,
        max_position_embeddings=64,
    )  # fmt: skip
    BertForMaskedLM(config).save_pretrained(folder)
    return folder
