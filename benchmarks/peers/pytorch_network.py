"""The networks of the benchmarks as PyTorch modules."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.peers.serve import Initial

__all__ = ["network"]


def network(layers: list[Initial]) -> nn.Sequential:
    """What takes the inputs that `benchmarks.problem` writes.

    Images are channels last in memory: on a CPU that is PyTorch's faster way to convolve and to pool.
    """
    make = {"dense": _dense, "conv": _conv, "lstm": _lstm}
    modules: list[nn.Module] = []
    for layer in layers:
        modules += make[layer.kind](**layer.arrays)
    return nn.Sequential(*modules[:-1])  # no relu behind the last layer


def _dense(w: np.ndarray, b: np.ndarray) -> list[nn.Module]:
    linear = nn.Linear(*w.shape)
    linear.weight.data = torch.from_numpy(w.T.copy())
    linear.bias.data = torch.from_numpy(b.copy())
    return [_Rows(), linear, nn.ReLU()]


def _conv(w: np.ndarray, b: np.ndarray) -> list[nn.Module]:
    window = torch.from_numpy(w.reshape(3, 3, -1, b.size)).permute(3, 2, 0, 1)
    conv = nn.Conv2d(window.shape[1], b.size, 3)
    conv.weight.data = window.contiguous(memory_format=torch.channels_last)
    conv.bias.data = torch.from_numpy(b.copy())  # pyright: ignore[reportOptionalMemberAccess]
    return [_ChannelsFirst(), conv, nn.ReLU(), nn.MaxPool2d(2), _ChannelsLast()]


def _lstm(w: np.ndarray, u: np.ndarray, b: np.ndarray) -> list[nn.Module]:
    lstm = nn.LSTM(w.shape[0], u.shape[0], batch_first=True)
    lstm.weight_ih_l0.data = torch.from_numpy(w.T.copy())
    lstm.weight_hh_l0.data = torch.from_numpy(u.T.copy())
    lstm.bias_ih_l0.data = torch.from_numpy(b.copy())
    lstm.bias_hh_l0.data = torch.zeros(b.size)
    lstm.bias_hh_l0.requires_grad_(False)  # if both learned, their sum would learn twice as fast
    return [lstm, _Last()]


class _ChannelsFirst(nn.Module):
    """[n, height, width, channels] as PyTorch names the axes; the memory stays as it is."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 3, 1, 2)


class _ChannelsLast(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1)


class _Rows(nn.Module):
    """Anything as vectors."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1)


class _Last(nn.Module):
    """The last moment of the states of all."""

    def forward(self, found: tuple[Tensor, object]) -> Tensor:
        return found[0][:, -1]
