"""Random numbers that depend on nothing but the seed, the region, the purpose and the day.

Here: generators, and a number per name. Not here: what is drawn. A new purpose, or a later day, changes no number drawn
before.
"""

import zlib

import numpy as np
import numpy.typing as npt
import polars as pl


def generator(seed: int, region: int, purpose: str, day: int = 0) -> np.random.Generator:
    """The generator of one purpose on one day."""
    return np.random.default_rng(np.random.SeedSequence([seed, region, zlib.crc32(purpose.encode()), day]))


def luck_of(seed: int, region: int, purpose: str, names: pl.Series) -> npt.NDArray[np.float64]:
    """A number in [0, 1) per name: the same name always has the same one, whatever else is asked with it.

    Names are read eight bytes at a time and mixed by SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom
    number generators, 2014).
    """
    texts = np.char.encode(names.cast(pl.String).to_numpy().astype(np.str_), "utf-8")
    words = -(-texts.dtype.itemsize // 8)
    parts = texts.astype(f"S{8 * words}").view("<u8").reshape(len(texts), words).astype(np.uint64)
    state = np.full(len(texts), generator(seed, region, purpose).integers(2**64, dtype=np.uint64))
    for part in parts.T:
        # Shorter names end in nothing, however long the longest is.
        state = np.where(part == 0, state, _mixed(state ^ part))
    # The 53 bits that a double holds.
    return np.asarray((state >> np.uint64(11)) * 2.0**-53, dtype=np.float64)


def _mixed(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    mixed = state + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
