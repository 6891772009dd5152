"""A Hugging Face folder (config.json, model.safetensors, a tokenizer) to a pack. Needs torch, transformers and onnx.

Weights are read from safetensors alone: `pytorch_model.bin` is a pickle. A folder that brings its own code is refused.
"""

import json
import re
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.inference import packs
from core.inference.importing import surgery
from core.inference.importing.exporting import exported_texts
from core.inference.importing.questions import (
    Answers,
    Question,
    common,
    labels,
    reference_question,
    reference_texts,
    settled,
)
from core.inference.importing.writing import TOLERANCE, label_specs, manifest_head, plain_calibration, sha256_of, write

TASKS = ("text-classification", "token-classification", "text-embedding", "text-generation")
_LARGEST = 512
_HEADS = {
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForCausalLM": "text-generation",
    "LMHeadModel": "text-generation",
}


def config_of(folder: Path) -> dict[str, Any]:
    """config.json. UserError where the folder holds code, pickled weights alone, or what cannot be read."""
    try:
        found = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"config.json of {folder.name} cannot be read: {error}.", "Download the folder again."
        ) from error
    if not isinstance(found, dict) or "model_type" not in found:
        raise UserError(f"{folder.name} does not say its model_type.", "Name a Hugging Face model folder.")
    if "auto_map" in found or any(folder.glob("*.py")):
        raise UserError(f"{folder.name} needs code of its own to run.", "Code from a model folder is never run here.")
    if not any(folder.glob("*.safetensors")):
        raise UserError(
            f"{folder.name} has no model.safetensors.",
            "Other weight files (pytorch_model.bin) are pickles, which can run code; save the model as safetensors.",
        )
    return found


def task_of(config: dict[str, Any]) -> str:
    """The pack's task by the model's head; a model without one gives embeddings."""
    heads = " ".join(config.get("architectures") or ())
    return next((task for ending, task in _HEADS.items() if ending in heads), "text-embedding")


def ask(folder: Path) -> list[Question]:
    """What the folder leaves open."""
    config = config_of(folder)
    task = task_of(config)
    asked = common(folder, folder.name, _licence(folder))
    if task in ("text-classification", "token-classification"):
        names = _names(config)
        shown = names[1:] if task == "text-classification" and len(names) == 2 else names
        asked += labels(len(shown), () if all(re.fullmatch(r"LABEL_\d+", n) for n in shown) else shown)
    return [*asked, reference_question()]


def _names(config: dict[str, Any]) -> tuple[str, ...]:
    known = config.get("id2label") or {}
    count = len(known) or int(config.get("num_labels", 2))
    return tuple(str(known.get(str(k), f"LABEL_{k}")) for k in range(count))


def _licence(folder: Path) -> str:
    """`license:` of the front matter of README.md."""
    path = folder / "README.md"
    if not path.is_file():
        return ""
    found = re.search(r"^license:\s*([^\s#]+)", path.read_text(encoding="utf-8", errors="replace")[:5000], re.MULTILINE)
    return found.group(1) if found else ""


def import_hugging_face(folder: Path, out: Path, answers: Answers) -> packs.Pack:
    """The pack in `out`: graph compared with torch on the reference texts, tokenizer, labels, manifest, card skeleton."""
    config = config_of(folder)
    task, told = task_of(config), settled(ask(folder), answers)
    if config.get("problem_type") == "regression" or (task == "text-classification" and len(_names(config)) < 2):
        raise UserError(f"{folder.name} gives a number, not classes.", "Packs of text give probabilities of labels.")
    tokenizer, spec = _tokenizer(folder, config)
    longest = spec["longest"]
    network = text_network(folder, task)
    graph = surgery.load(exported_texts(network, longest, OUTPUT[task]))
    source = {"from": "Hugging Face folder", "file": folder.name, "sha256": sha256_of(folder)}
    manifest = manifest_head(told, task, source) | {"graphs": {"predict": "model.onnx"}, "text": spec, "labels": []}
    if task == "text-classification":
        scores = "independent-logits" if config.get("problem_type") == "multi_label_classification" else "logits"
        count = surgery.log_odds(graph, "scores", scores, len(_names(config)))
        manifest |= {"labels": label_specs(told, count), "calibration": plain_calibration()}
        manifest["independent"] = scores != "logits"
        if count == 1:
            manifest["negative"] = _names(config)[0]
    elif task == "token-classification":
        manifest |= {"labels": label_specs(told, len(_names(config)))}
    elif task == "text-embedding":
        spec |= {"width": int(config["hidden_size"]), "languages": [], "condition_weight": 0.0}
    else:
        manifest["generation"] = _ends(config)
    files = {"model.onnx": surgery.finished(graph), "tokenizer.json": tokenizer}
    manifest["reference"] = _reference(task, files, manifest, reference_texts(told))
    _same_as_torch(network, files, manifest, task)
    return write(out, manifest, files)


def _tokenizer(folder: Path, config: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    from transformers import AutoTokenizer

    try:
        made = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False, use_fast=True)
        data = made.backend_tokenizer.to_str().encode()
    except (OSError, ValueError, AttributeError, KeyError) as error:
        raise UserError(
            f"{folder.name} has no tokenizer that can be read here.", "It needs tokenizer.json or vocab.txt."
        ) from error
    room = int(config.get("max_position_embeddings") or config.get("n_positions") or _LARGEST)
    if config["model_type"] in ("roberta", "xlm-roberta", "camembert"):
        room -= 2  # positions begin after the padding token's
    spec: dict[str, Any] = {
        "tokenizer": "tokenizer.json",
        "longest": max(8, min(room, _LARGEST)),
        "pad_id": int(made.pad_token_id or 0),
        "pad_token": str(made.pad_token or "[PAD]"),
    }
    first, last = made.cls_token or made.bos_token, made.sep_token or made.eos_token
    return data, spec | ({"first": first, "last": last} if first and last else {})


def _ends(config: dict[str, Any]) -> dict[str, Any]:
    stop = config.get("eos_token_id")
    stops = [int(s) for s in (stop if isinstance(stop, list) else [stop]) if s is not None]
    return {"stop": [s for s in stops if s < int(config["vocab_size"])], "most_tokens": 256}


def text_network(folder: Path, task: str) -> Any:
    """A torch module of (input_ids, attention_mask) with one output."""
    import torch
    from transformers import (
        AutoModel,
        AutoModelForCausalLM,
        AutoModelForSequenceClassification,
        AutoModelForTokenClassification,
    )

    kinds = {
        "text-classification": AutoModelForSequenceClassification,
        "token-classification": AutoModelForTokenClassification,
        "text-embedding": AutoModel,
        "text-generation": AutoModelForCausalLM,
    }
    try:
        model = kinds[task].from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            attn_implementation="eager",
            dtype=torch.float32,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(
            f"{folder.name} cannot be opened: {str(error).splitlines()[0][:200]}.", "Download it again."
        ) from error
    by_first = _pools_first(folder)

    class Texts(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            if task == "text-generation":
                scores: torch.Tensor = self.model(input_ids, attention_mask=attention_mask, use_cache=False).logits[
                    :, -1
                ]
                return scores
            found = self.model(input_ids=input_ids, attention_mask=attention_mask)
            if task != "text-embedding":
                return found.logits  # type: ignore[no-any-return]
            hidden = found.last_hidden_state
            counts = attention_mask.unsqueeze(-1).to(hidden.dtype)
            mean = hidden[:, 0] if by_first else (hidden * counts).sum(1) / counts.sum(1)
            return mean / torch.sqrt((mean * mean).sum(1, keepdim=True))  # type: ignore[no-any-return]

    return Texts().eval()


def _pools_first(folder: Path) -> bool:
    """Whether a sentence-transformers folder pools by its first token; the mean is usual."""
    path = folder / "1_Pooling" / "config.json"
    return path.is_file() and bool(json.loads(path.read_text(encoding="utf-8")).get("pooling_mode_cls_token"))


OUTPUT = {
    "text-classification": "scores",
    "token-classification": "logit",
    "text-embedding": "vector",
    "text-generation": "logit",
}


def _reference(task: str, files: dict[str, bytes], manifest: dict[str, Any], texts: tuple[str, ...]) -> dict[str, Any]:
    from core.inference import text_tasks

    found: dict[str, Any] = {"texts": list(texts), "tolerance": TOLERANCE}
    outputs = text_tasks.raw_outputs(files["model.onnx"], files["tokenizer.json"], manifest["text"], texts)
    if task == "text-embedding":
        return {**found, "cosines": (outputs @ outputs.T).tolist(), "tolerance": 0.02}
    if task == "text-classification":
        return {**found, "logits": [row if len(row) > 1 else row[0] for row in outputs.tolist()]}
    return {**found, "logits": text_tasks.digest(outputs).tolist()}


def _same_as_torch(network: Any, files: dict[str, bytes], manifest: dict[str, Any], task: str) -> None:
    """The pack's answers against torch's, on the reference texts; classes are compared as probabilities."""
    import numpy as np
    import torch

    from core.inference import text_tasks

    texts = tuple(manifest["reference"]["texts"])
    feeds = text_tasks.inputs(files["tokenizer.json"], manifest["text"], texts)
    with torch.inference_mode():
        told = network(*(torch.from_numpy(feeds[k]) for k in ("input_ids", "attention_mask"))).numpy()
    wanted = np.asarray(told, np.float64)
    found = np.asarray(
        text_tasks.raw_outputs(files["model.onnx"], files["tokenizer.json"], manifest["text"], texts), np.float64
    )
    if task == "text-classification" and not manifest["independent"]:
        odds = np.exp(wanted - wanted.max(axis=1, keepdims=True))
        wanted, found = odds / odds.sum(axis=1, keepdims=True), 1 / (1 + np.exp(-found))
        wanted = wanted[:, 1:] if manifest.get("negative") else wanted
    if task == "token-classification":
        keep = feeds["attention_mask"].astype(bool)
        wanted, found = wanted[keep], found[keep]
    worst = float(np.abs(found - wanted).max())
    if not worst < 1e-3:
        raise UserError(
            f"The exported graph differs from the model by {worst:.2g}.", "This architecture is not read rightly."
        )
