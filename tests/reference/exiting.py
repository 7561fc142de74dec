"""Early exits as the paper tells them: loops over thresholds, sentences and layers.

Never imports the code under test.
"""

import math

import numpy as np


def exit_of(entropies: list[float], threshold: float, checked: list[int]) -> int:
    """Walk up the layers; leave at the first checked one whose entropy is below the threshold."""
    n_layers = len(entropies)
    for layer in range(1, n_layers):
        if layer in checked and entropies[layer - 1] < threshold:
            return layer
    return n_layers


def speedup(exits: list[int], n_layers: int) -> float:
    """Eq. (15), literally: sums over the layers of the sentences that leave there."""
    leaving = {i: sum(1 for exit_layer in exits if exit_layer == i) for i in range(1, n_layers + 1)}
    numerator = sum(n_layers * m for m in leaving.values())
    denominator = sum(i * m for i, m in leaving.items())
    return numerator / denominator


def entropy(logits: list[float]) -> float:
    """Eq. (14) in nats, in double precision."""
    top = max(logits)
    weights = [math.exp(x - top) for x in logits]
    total = sum(weights)
    return -sum(w / total * math.log(w / total) for w in weights if w > 0)


def candidate_thresholds(entropies: list[list[float]], checked: list[int]) -> list[float]:
    """0, and a float32 strictly between each two neighbouring entropies, and one above all."""
    pool = sorted({row[layer - 1] for row in entropies for layer in checked})
    candidates = [0.0]
    for low, high in zip(pool, pool[1:], strict=False):
        middle = float(np.float32((low + high) / 2))
        if low < middle < high:
            candidates.append(middle)
    if pool:
        candidates.append(pool[-1] + 1.0)
    return candidates


def curve(
    entropies: list[list[float]], correct: list[list[bool]], checked: list[int]
) -> list[tuple[float, float, float]]:
    """(threshold, speed-up, accuracy) of every candidate whose exits differ from the last one's."""
    n_layers = len(entropies[0])
    points: list[tuple[float, float, float]] = []
    exits_before: list[int] | None = None
    for threshold in candidate_thresholds(entropies, checked):
        exits = [exit_of(row, threshold, checked) for row in entropies]
        if exits == exits_before:
            continue
        exits_before = exits
        right = sum(row[exit_layer - 1] for row, exit_layer in zip(correct, exits, strict=True))
        points.append((threshold, speedup(exits, n_layers), right / len(entropies)))
    return points
