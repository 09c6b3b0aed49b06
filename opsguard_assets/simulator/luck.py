"""Random numbers that depend on nothing but the seed, the region, the purpose and the day.

Here: generators. Not here: what is drawn. A new purpose, or a later day, changes no number drawn before.
"""

import zlib

import numpy as np


def generator(seed: int, region: int, purpose: str, day: int = 0) -> np.random.Generator:
    """The generator of one purpose on one day."""
    return np.random.default_rng(np.random.SeedSequence([seed, region, zlib.crc32(purpose.encode()), day]))
