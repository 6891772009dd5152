"""Trained networks as ONNX graphs that give one log-odds a label. Needs torch and onnx."""

import torch
from torch import Tensor, nn

from core.inference.importing.exporting import exported_texts
from core.learning.export import OPSET


class LogOdds(nn.Module):
    """Log-odds of each class against the rest at a temperature, from logits (n, classes); one logit is left as it is.

    The sigmoid of each is the softmax's probability: every label of a pack is read alike, however many there are.
    """

    def __init__(self, temperature: float = 1.0) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, logits: Tensor) -> Tensor:
        if logits.shape[1] == 1:
            return logits
        z = logits / self.temperature
        own = torch.eye(z.shape[1], dtype=torch.bool)
        others = z[:, None, :].expand(-1, z.shape[1], -1).masked_fill(own, -1e9)
        return z - torch.logsumexp(others, dim=2)


class _Texts(nn.Module):
    def __init__(self, model: nn.Module, temperature: float) -> None:
        super().__init__()
        self.model, self.head = model, LogOdds(temperature)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        logits: Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
        return self.head(logits[:, 1:] - logits[:, :1] if logits.shape[1] == 2 else logits)  # type: ignore[no-any-return]


class Films(nn.Module):
    """The image network with log-odds for logits."""

    def __init__(self, network: nn.Module, temperature: float) -> None:
        super().__init__()
        self.network, self.head = network, LogOdds(temperature)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        logits, features = self.network(x)
        return self.head(logits), features


def text_graph(model: nn.Module, longest: int, temperature: float) -> bytes:
    """`input_ids`, `attention_mask` (n, tokens) int64 -> `logit` (n, labels)."""
    return exported_texts(_Texts(model.cpu().float(), temperature).eval(), longest, "logit", opset=OPSET)
