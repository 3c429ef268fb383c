"""How much of a training step the solver takes: a truncated ResNet18 learns the costs of terrain from the cheapest paths over it.

    python torch_terrain.py [--steps N] [--rows N]

Maps of 12x12 tiles of five kinds, drawn at random in patches, are images of 96x96 pixels with noise; the network (the first block of
ResNet18, pooled to 12x12, one channel) gives the cost of each tile, and `FenchelYoungLoss` with one sample compares the paths, as Section 5.3 of
the paper and Vlastelica et al. 2020 have it. Told: the loss, the share of the best cost on maps that were not seen, and milliseconds a step,
with the loss and with a sum in its place, step after step in turn.

Needs torch and torchvision.
"""

import argparse
import statistics
import time
from typing import Any

import numpy as np
import torch
from perturbed import GridPath, Layer, MonteCarlo
from perturbed.torch import FenchelYoungLoss, decide
from torch import Tensor, nn
from torchvision.models import resnet18

COSTS = np.array([0.8, 1.2, 5.3, 7.7, 9.2])
SIDE, TILE = 12, 8


def maps(count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Images, and the costs of their tiles."""
    colours = np.random.default_rng(0).uniform(0, 1, (5, 3))
    rough = rng.standard_normal((count, 4, 4)).repeat(3, axis=1).repeat(3, axis=2) + 0.4 * rng.standard_normal((count, SIDE, SIDE))
    kinds = np.digitize(rough, [-0.9, -0.3, 0.3, 0.9])
    image = colours[kinds].repeat(TILE, axis=1).repeat(TILE, axis=2)
    image = image + 0.15 * rng.standard_normal(image.shape)
    return torch.tensor(image.transpose(0, 3, 1, 2), dtype=torch.float32), torch.tensor(COSTS[kinds], dtype=torch.float32)


class Costs(nn.Module):
    """Positive costs of tiles."""

    def __init__(self) -> None:
        super().__init__()
        whole: Any = resnet18(weights=None)
        self.body = nn.Sequential(whole.conv1, whole.bn1, whole.relu, whole.maxpool, whole.layer1)
        self.head = nn.Sequential(nn.AdaptiveMaxPool2d((SIDE, SIDE)), nn.Conv2d(64, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        costs: Tensor = nn.functional.softplus(self.head(self.body(images))).squeeze(1)
        return costs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rows", type=int, default=70)
    asked = parser.parse_args()
    torch.manual_seed(0)
    rng = np.random.default_rng(1)
    layer = Layer(GridPath(SIDE, SIDE), "normal", 1.0)
    criterion, network = FenchelYoungLoss(layer, MonteCarlo(1, seed=3)), Costs()
    other = Costs()
    optimizers = [torch.optim.Adam(each.parameters(), lr=5e-3) for each in (network, other)]
    images, costs = maps(200, rng)

    def worth() -> float:
        """What the paths over unseen maps cost beside the cheapest."""
        network.eval()
        with torch.no_grad():
            paths, best = decide(layer, -network(images)), decide(layer, -costs)
        network.train()
        return float((paths * costs).sum() / (best * costs).sum())

    print(f"before: unseen paths cost {worth():.3f} times the cheapest")
    seconds: dict[str, list[float]] = {"loss": [], "sum": []}
    for step in range(asked.steps):
        x, truth = maps(asked.rows, rng)
        target = decide(layer, -truth)
        for name, each, optimizer in (("loss", network, optimizers[0]), ("sum", other, optimizers[1])):
            start = time.perf_counter()
            optimizer.zero_grad()
            theta = -each(x)
            loss = criterion(theta, target) if name == "loss" else theta.sum()
            loss.backward()
            optimizer.step()
            seconds[name].append(time.perf_counter() - start)
            if name == "loss" and step % 20 == 0:
                print(f"step {step}: loss {loss.item():.3f}")
    print(f"after: unseen paths cost {worth():.3f} times the cheapest")
    with_loss, without = (1e3 * statistics.median(seconds[name]) for name in ("loss", "sum"))
    theta = (-costs[: asked.rows]).requires_grad_()
    alone = []
    for _ in range(50):
        start = time.perf_counter()
        criterion(theta, decide(layer, theta.detach())).backward()
        alone.append(1e3 * (time.perf_counter() - start))
    print(f"a step takes {with_loss:.1f} ms with the loss, {without:.1f} ms with a sum in its place; deciding and the loss alone {statistics.median(alone):.3f} ms")
    print(f"the solver's share of a step: {100 * statistics.median(alone) / with_loss:.2f} %")


if __name__ == "__main__":
    main()
