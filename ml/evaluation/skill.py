"""The skill score of a model: its Brier score against that of the trailing base rate, on mature labels.

Here: the comparison and its verdict. Not here: which moments, and what follows from the verdict.

The trailing rate needs no model: it is the share of events among the last known outcomes, as known at each moment. A
model that is worse than this misleads, however well it ranked when it was promoted.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

LEAST_ENTITIES = 200
_DRAWS, _SEED = 400, 7


@dataclass(frozen=True)
class SkillScore:
    """The skill of a model.

    Attributes:
        n: Number of moments.
        entities: Number of their entities.
        base_rate: Share of events; null without moments.
        brier: The model's Brier score.
        brier_trailing: That of the trailing rate.
        skill: 1 minus their ratio; below 0 the trailing rate was better.
        skill_high: Upper end of its 95 % interval (bootstrap over entities).
    """

    n: int
    entities: int
    base_rate: float | None = None
    brier: float | None = None
    brier_trailing: float | None = None
    skill: float | None = None
    skill_high: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether there were enough entities to tell."""
        return self.entities >= LEAST_ENTITIES and self.skill is not None

    @property
    def is_useful(self) -> bool:
        """False once the model is significantly worse than the trailing rate; with too few moments it is True."""
        return not self.is_known or (self.skill_high is not None and self.skill_high >= 0)

    @property
    def words(self) -> str:
        """The verdict in one sentence."""
        if not self.is_known:
            return f"{self.entities:,} entities with known outcomes since the training; {LEAST_ENTITIES} are needed"
        return (
            f"skill {self.skill:+.2f} against the trailing rate (Brier {self.brier:.3f} against "
            f"{self.brier_trailing:.3f}) over {self.entities:,} entities"
        )


def skill_score(rows: pl.DataFrame, *, key: str) -> SkillScore:
    """Evaluates a model on moments that it has not seen.

    Args:
        rows: `key`, `risk`, `is_event`, `trailing_rate`; only moments at which all of them are known count.
        key: The column that names the entity.
    """
    known = rows.drop_nulls(["risk", "is_event", "trailing_rate"]).with_columns(pl.col("is_event").cast(pl.Float64))
    if known.is_empty():
        return SkillScore(0, 0)
    errors = known.group_by(key, maintain_order=True).agg(
        own=((pl.col("risk") - pl.col("is_event")) ** 2).sum(),
        other=((pl.col("trailing_rate") - pl.col("is_event")) ** 2).sum(),
    )
    own, other = errors["own"].to_numpy(), errors["other"].to_numpy()
    if not other.sum():
        return SkillScore(len(known), len(errors))
    # Resampling whole entities is a weighting of their sums.
    draws = np.random.default_rng(_SEED).multinomial(len(own), np.full(len(own), 1 / len(own)), _DRAWS)
    skills = 1 - (draws @ own) / np.maximum(draws @ other, 1e-12)
    return SkillScore(
        n=len(known),
        entities=len(errors),
        base_rate=float(known["is_event"].sum() / len(known)),
        brier=float(own.sum() / len(known)),
        brier_trailing=float(other.sum() / len(known)),
        skill=float(1 - own.sum() / other.sum()),
        skill_high=float(np.quantile(skills, 0.975)),
    )
