"""Learns what terrain costs, from nothing but the best paths over it.

A small convolutional network sees pictures of maps, and of each map the cheapest path from the upper left to the lower
right corner. It never sees a cost. The Fenchel-Young loss compares its scores with the paths, by a few paths for
perturbed scores a step.

    python torch_shortest_path.py
"""

import argparse

import torch
from perturbed import GridPath, Layer, MonteCarlo
from perturbed.torch import FenchelYoungLoss, decide, regret
from torch import Tensor, nn

# Of meadow, forest, rocks and water.
COLOURS = torch.tensor([[0.5, 0.8, 0.3], [0.1, 0.4, 0.2], [0.6, 0.5, 0.5], [0.2, 0.3, 0.9]])
COSTS = torch.tensor([1.0, 2.0, 4.0, 8.0])


def maps(count: int, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Pictures of shape (count, 3, size, size), and costs of shape (count, size, size)."""
    coarse = torch.randn(count, 1, 5, 5, generator=generator)
    heights = nn.functional.interpolate(coarse, (size, size), mode="bicubic").squeeze(1)
    # Meadow lies highest here, and water lowest, each on a quarter of the map.
    ranks = heights.flatten(1).argsort(dim=1, descending=True).argsort(dim=1).reshape(count, size, size)
    terrain = ranks * len(COSTS) // size**2
    noise = 0.1 * torch.randn(count, size, size, 3, generator=generator)
    return (COLOURS[terrain] + noise).movedim(-1, 1), COSTS[terrain]


class Costs(nn.Module):
    """Costs of cells, positive, from pictures of them and their neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 16, 1),
            nn.ReLU(),
            nn.Conv2d(16, 1, 1),
            nn.Softplus(),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Of shape (count, 3, size, size); answers the shape (count, size, size)."""
        return self.layers(pictures).squeeze(1)


@torch.no_grad()
def excess(layer: Layer, net: nn.Module, pictures: Tensor, costs: Tensor) -> float:
    """By how much the paths for the net's costs are more costly than the best ones."""
    best = (decide(layer, -costs) * costs).sum()
    return float(regret(layer, -net(pictures), -costs).sum() / best)


def main(size: int = 12, count: int = 400, epochs: int = 5, batch: int = 20, seed: int = 0) -> tuple[float, float]:
    """Trains, and returns the excess over maps that training did not see: before and after."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    layer = Layer(GridPath(size, size), noise="normal", epsilon=1.0)
    pictures, costs = maps(count, size, generator)
    paths = decide(layer, -costs)  # Everything maximises: costs enter as -costs.
    unseen = maps(100, size, generator)

    net, loss = Costs(), FenchelYoungLoss(layer, MonteCarlo(samples=4, seed=seed))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    before = excess(layer, net, *unseen)
    print(f"untrained: paths cost {before:.1%} more than the best ones")
    for epoch in range(epochs):
        for rows in torch.randperm(count, generator=generator).split(batch):
            optimizer.zero_grad()
            found = loss(-net(pictures[rows]), paths[rows])
            found.backward()
            optimizer.step()
        after = excess(layer, net, *unseen)
        print(f"epoch {epoch + 1}: loss {found.item():.3f}, paths cost {after:.1%} more")
    return before, after


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in "size", "count", "epochs", "batch", "seed":
        parser.add_argument(f"--{name}", type=int, default=argparse.SUPPRESS)
    main(**vars(parser.parse_args()))
