"""A plain PyTorch loop with its fused Adam, as fast as it goes: tensors in memory, no DataLoader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.peers.serve import Examples, Train, again_and_again, serve


def prepare(spec: Mapping[str, Any]) -> Train:
    import torch
    from torch.nn.functional import cross_entropy

    from benchmarks.peers.pytorch_network import network

    examples = Examples(spec)
    x, x_validation = (torch.from_numpy(examples[name]) for name in ("x_train", "x_validation"))
    y, y_validation = (torch.from_numpy(examples[name]).long() for name in ("y_train", "y_validation"))
    orders = torch.from_numpy(examples["orders"]).long()

    def evaluate(model: Any) -> tuple[float, float]:
        with torch.no_grad():
            z = model(x_validation)
            right = (z.argmax(dim=1) == y_validation).float().mean()
            return cross_entropy(z, y_validation).item(), right.item()

    def train_one() -> float:
        model = network(examples.layers)
        learned = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(learned, lr=spec["lr"], fused=True)
        loss = evaluate(model)[0]
        for order in orders:
            # One gather an epoch is faster than one a step.
            for x_batch, y_batch in zip(x[order], y[order], strict=True):
                optimizer.zero_grad(set_to_none=True)
                cross_entropy(model(x_batch), y_batch).backward()
                optimizer.step()
            loss = evaluate(model)[0]
        return loss

    return again_and_again(train_one)


if __name__ == "__main__":
    serve(prepare, "torch")
