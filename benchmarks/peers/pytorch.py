"""A plain PyTorch loop with its fused Adam, as fast as it goes: tensors in memory, no DataLoader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.peers.serve import Examples, Train, in_turn, serve


def prepare(spec: Mapping[str, Any]) -> Train:
    import torch
    from torch import nn
    from torch.nn import functional as F

    examples = Examples(spec)
    x, x_validation = (torch.from_numpy(examples[name]) for name in ("x_train", "x_validation"))
    y, y_validation = (torch.from_numpy(examples[name]).long() for name in ("y_train", "y_validation"))
    orders = torch.from_numpy(examples["orders"]).long()

    def network(seed: int) -> nn.Sequential:
        layers: list[nn.Module] = []
        for w, b in examples.layers(seed):
            linear = nn.Linear(*w.shape)
            linear.weight.data = torch.from_numpy(w.T.copy())
            linear.bias.data = torch.from_numpy(b.copy())
            layers += [linear, nn.ReLU()]
        return nn.Sequential(*layers[:-1])

    def evaluate(model: nn.Module) -> tuple[float, float]:
        with torch.no_grad():
            z = model(x_validation)
            right = (z.argmax(dim=1) == y_validation).float().mean()
            return F.cross_entropy(z, y_validation).item(), right.item()

    def train_one(seed: int) -> float:
        model = network(seed)
        optimizer = torch.optim.Adam(model.parameters(), lr=spec["lr"], fused=True)
        loss = evaluate(model)[0]
        for order in orders[seed]:
            # One gather an epoch is faster than one a step.
            for x_batch, y_batch in zip(x[order], y[order], strict=True):
                optimizer.zero_grad(set_to_none=True)
                F.cross_entropy(model(x_batch), y_batch).backward()
                optimizer.step()
            loss = evaluate(model)[0]
        return loss

    return in_turn(train_one, examples.seeds)


if __name__ == "__main__":
    serve(prepare, "torch")
