"""The radiograph network: a small residual CNN that gives one logit and an embedding for the gate. Needs torch."""

import torch
from torch import Tensor, nn


def _conv(before: int, after: int, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(before, after, 3, stride, 1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(after), nn.ReLU(inplace=True))


class MixStyle(nn.Module):
    """Mixes channel statistics between films of a batch while training (Zhou et al., ICLR 2021), so that exposure,
    detector and scanner style cannot carry the label. Does nothing in evaluation."""

    def __init__(self, share: float = 0.5, concentration: float = 0.2) -> None:
        super().__init__()
        self.share = share
        self.beta = torch.distributions.Beta(torch.tensor(concentration), torch.tensor(concentration))

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or torch.rand(()) > self.share:
            return x
        mean, deviation = x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True) + 1e-5
        mean, deviation = mean.detach(), deviation.detach()
        order = torch.randperm(len(x))
        weight = self.beta.sample((len(x), 1, 1, 1)).to(x.dtype)
        mixed_deviation = deviation * weight + deviation[order] * (1 - weight)
        return (x - mean) / deviation * mixed_deviation + mean * weight + mean[order] * (1 - weight)


class Residual(nn.Module):
    """Two 3 x 3 convolutions and a skip (average-pooled where the stride is 2)."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = _conv(before, after, stride)
        self.second = nn.Sequential(nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after))
        self.skip: nn.Module = nn.Identity()
        if before != after or stride != 1:
            pool: nn.Module = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
            self.skip = nn.Sequential(pool, nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.skip(x) + self.second(self.first(x)))


class RadiographNet(nn.Module):
    """(n, 1, size, size) float32 in 0-1 -> logit (n, labels), features (n, 8 x width).

    Features: means of the last two stages and mean and spread of the first, which see texture and sharpness.
    """

    def __init__(self, width: int = 48, dropout: float = 0.3, labels: int = 1) -> None:
        super().__init__()
        self.width = width
        stem = nn.Conv2d(1, width // 2, 5, 2, 2, bias=False)
        self.stem = nn.Sequential(stem, nn.BatchNorm2d(width // 2), nn.ReLU(inplace=True), _conv(width // 2, width, 2))
        self.stage1, self.style1 = Residual(width, width, 1), MixStyle()
        self.stage2 = nn.Sequential(Residual(width, 2 * width, 2), Residual(2 * width, 2 * width, 1))
        self.style2 = MixStyle()
        self.stage3 = nn.Sequential(Residual(2 * width, 4 * width, 2), Residual(4 * width, 4 * width, 1))
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(4 * width, labels)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        low = self.style1(self.stage1(self.stem(x * 2 - 1)))
        middle = self.style2(self.stage2(low))
        high = self.stage3(middle).mean((2, 3))
        mean = low.mean((2, 3))
        spread = ((low - mean[:, :, None, None]) ** 2).mean((2, 3)).sqrt()
        features = torch.cat([high, middle.mean((2, 3)), mean, spread], dim=1)
        return self.head(self.drop(high)), features


class Ensemble(nn.Module):
    """The mean logit of several networks as one graph; features of the first."""

    def __init__(self, members: list[RadiographNet]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        outputs = [member(x) for member in self.members]
        return torch.stack([logit for logit, _ in outputs]).mean(0), outputs[0][1]
