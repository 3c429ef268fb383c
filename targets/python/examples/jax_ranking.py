"""Learns to rank from features: a linear model, trained by the Fenchel-Young loss in one compiled program.

A row of features x has the scores x W of some items; what is observed is their ranking, with some noise in the scores.
The model is told the rankings alone.

    python jax_ranking.py
"""

import jax
import jax.numpy as jnp
from perturbed import Layer, MonteCarlo, Ranking
from perturbed.jax import decide, fenchel_young


def data(key: jax.Array, rows: int, features: int, items: int) -> tuple[jax.Array, jax.Array]:
    """Features, and rankings by noisy linear scores: rank `items` for the best item."""
    of_features, of_truth, of_noise = jax.random.split(key, 3)
    x = jax.random.normal(of_features, (rows, features))
    truth = jax.random.normal(of_truth, (features, items))
    scores = x @ truth + 0.1 * jax.random.normal(of_noise, (rows, items))
    return x, decide(Layer(Ranking(items)), scores)


def train(
    key: jax.Array, x: jax.Array, ranks: jax.Array, steps: int, batch: int = 32, rate: float = 0.05
) -> tuple[jax.Array, jax.Array]:
    """Weights after `steps` of gradient descent, and the loss of each step's batch."""
    items = ranks.shape[1]
    # One sample a step is enough: its noise averages out over the steps.
    layer, method = Layer(Ranking(items), "normal", epsilon=1.0), MonteCarlo(samples=1)
    of_batches, of_layer = jax.random.split(key)

    def loss(weights: jax.Array, x: jax.Array, ranks: jax.Array, step: jax.Array) -> jax.Array:
        return fenchel_young(layer, x @ weights, ranks, method, seed=of_layer, step=step).mean()

    def descend(weights: jax.Array, step: jax.Array) -> tuple[jax.Array, jax.Array]:
        rows = jax.random.randint(jax.random.fold_in(of_batches, step), (batch,), 0, len(x))
        value, gradient = jax.value_and_grad(loss)(weights, x[rows], ranks[rows], step)
        return weights - rate * gradient, value

    return jax.lax.scan(descend, jnp.zeros((x.shape[1], items)), jnp.arange(steps))


def accuracy(weights: jax.Array, x: jax.Array, ranks: jax.Array) -> jax.Array:
    """The share of items with the right rank."""
    return (decide(Layer(Ranking(ranks.shape[1])), x @ weights) == ranks).mean()


def main(rows: int = 2000, features: int = 10, items: int = 20, steps: int = 1000) -> float:
    """Trains on half of the rows; returns the accuracy on the others."""
    x, ranks = data(jax.random.key(0), rows, features, items)
    half = rows // 2
    weights, losses = jax.jit(train, static_argnames="steps")(jax.random.key(1), x[:half], ranks[:half], steps=steps)
    right = float(accuracy(weights, x[half:], ranks[half:]))
    print(f"loss {losses[0]:.1f} at the first step, {losses[-1]:.1f} at the last")
    print(f"right ranks: {right:.0%}; by chance {1 / items:.0%}")
    return right


if __name__ == "__main__":
    main()
