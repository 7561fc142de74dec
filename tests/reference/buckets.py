"""Buckets of MPNet's distances as one would explain them."""

import math


def naive_bucket(distance: int) -> int:
    """16 buckets to either side: 8 for single distances, 8 that grow by the square root of 2."""
    side = 16 if distance > 0 else 0
    length = abs(distance)
    if length < 8:
        return side + length
    starts = [8 * math.sqrt(2) ** k - 1e-9 for k in range(8)]
    return side + 7 + sum(length >= start for start in starts)
