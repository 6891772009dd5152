"""Augmentation on batches of equalised films: everything that may differ between two machines but not in the child.
Needs torch."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Warp:
    """How far a film may be taken from how it was framed: share of its side in view, shift (half sides), rotation
    either way, stretch of the aspect (log), and the widest band hidden at the top or bottom (sides: half of it)."""

    least_scale: float = 0.72
    most_scale: float = 1.08
    shift: float = 0.16
    turn_degrees: float = 12.0
    stretch: float = 0.15
    band: float = 0.2


def augment(films: Tensor, size: int, generator: torch.Generator, warp: Warp) -> Tensor:
    """(n, 1, s, s) float32 in 0-1, s >= size -> (n, 1, size, size) float32 in 0-1."""
    out = _warp(films, size, generator, warp)
    out = _blur(out, generator)
    out = _grey_levels(out, generator)
    out = _borders_and_letters(out, generator, warp)
    noise = torch.randn(out.shape, generator=generator) * _uniform(len(out), 0.0, 0.05, generator)
    return (out + noise).clamp(0, 1)


def _uniform(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return torch.rand(n, 1, 1, 1, generator=generator) * (high - low) + low


def _warp(films: Tensor, size: int, generator: torch.Generator, warp: Warp) -> Tensor:
    """Rotation, zoom with stretch, shift; mirrored half of the time."""
    n = len(films)
    angle = _uniform(n, -warp.turn_degrees, warp.turn_degrees, generator).flatten() * math.pi / 180
    scale = _uniform(n, warp.least_scale, warp.most_scale, generator).flatten()
    aspect = torch.exp(_uniform(n, -warp.stretch, warp.stretch, generator).flatten())
    mirror = torch.where(torch.rand(n, generator=generator) < 0.5, -1.0, 1.0)
    shift_x, shift_y = (_uniform(n, -warp.shift, warp.shift, generator).flatten() for _ in range(2))
    cos, sin = torch.cos(angle), torch.sin(angle)
    first = torch.stack([mirror * scale * aspect * cos, -scale * sin, shift_x], 1)
    second = torch.stack([mirror * scale * sin, scale / aspect * cos, shift_y], 1)
    grid = functional.affine_grid(torch.stack([first, second], 1), [n, 1, size, size], align_corners=False)
    return functional.grid_sample(films, grid, padding_mode="border", align_corners=False)


def _grey_levels(films: Tensor, generator: torch.Generator) -> Tensor:
    """A random increasing curve: gamma, contrast, brightness, and a second gamma from the white end."""
    n = len(films)
    gamma = torch.exp(_uniform(n, -0.45, 0.45, generator))
    other = torch.exp(_uniform(n, -0.35, 0.35, generator))
    out = films.clamp(1e-4, 1).pow(gamma)
    out = 1 - (1 - out).clamp(1e-4, 1).pow(other)
    return ((out - 0.5) * _uniform(n, 0.75, 1.2, generator) + 0.5 + _uniform(n, -0.1, 0.1, generator)).clamp(0, 1)


def _blur(films: Tensor, generator: torch.Generator) -> Tensor:
    """Gaussian blur of up to 1.4 pixels on half of the films, light sharpening on some: resolution is a shortcut here."""
    sigma = float(_uniform(1, 0.3, 1.4, generator))
    taps = torch.arange(-4, 5, dtype=films.dtype)
    kernel = torch.exp(-(taps**2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    soft = functional.conv2d(functional.pad(films, (4, 4, 4, 4), mode="replicate"), kernel.view(1, 1, 1, -1))
    soft = functional.conv2d(soft, kernel.view(1, 1, -1, 1))
    share = _uniform(len(films), -1.0, 1.0, generator)
    share = torch.where(share < 0, share * 0.5, share)
    used = (torch.rand(len(films), 1, 1, 1, generator=generator) < 0.75).to(films.dtype) * share
    return (films + (soft - films) * used).clamp(0, 1)


def _borders_and_letters(films: Tensor, generator: torch.Generator, warp: Warp) -> Tensor:
    """Bands hidden at the edges of some films (neck, belly and borders tell the room, not the lungs); two small
    rectangles near the edges, as letters or tapes would lie."""
    n, _, size, _ = films.shape
    line = torch.arange(size)
    rows, columns = line.view(1, size, 1), line.view(1, 1, size)
    widest = torch.tensor([warp.band, warp.band, warp.band / 2, warp.band / 2]) * size
    used_band = torch.rand(n, 4, generator=generator) < 0.35
    widths = (torch.rand(n, 4, generator=generator) * widest * used_band).int()
    top, bottom, left, right = (widths[:, k].view(n, 1, 1) for k in range(4))
    border = (rows < top) | (rows >= size - bottom) | (columns < left) | (columns >= size - right)
    grey = torch.where(torch.rand(n, 1, 1, generator=generator) < 0.7, 0.0, torch.rand(n, 1, 1, generator=generator))
    out = torch.where(border[:, None], grey[:, None].to(films.dtype), films)
    for _ in range(2):
        height, width = (4 + torch.rand(n, 2, generator=generator) * 0.14 * size).int().unbind(1)
        place = torch.rand(n, 2, generator=generator)
        place = torch.where(place < 0.5, place * 0.4, 1 - (1 - place) * 0.4)
        r, c = (place * size).int().unbind(1)
        used = (torch.rand(n, generator=generator) < 0.35).view(n, 1, 1)
        inside = (rows >= r.view(n, 1, 1)) & (rows < (r + height).view(n, 1, 1)) & used
        inside = inside & (columns >= c.view(n, 1, 1)) & (columns < (c + width).view(n, 1, 1))
        out = torch.where(inside[:, None], torch.rand(n, 1, 1, 1, generator=generator), out)
    return out
