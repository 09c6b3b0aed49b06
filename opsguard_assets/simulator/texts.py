"""What requesters write, among it what attackers write: texts that break careless pages, sheets and queries.

Here: wordings. Not here: who writes them.
"""

import polars as pl

_TITLES = (
    "{} at {} again",
    "Urgent: {} ({})",
    "{}, please check, {}",
    "{} since this morning, {}",
    "Re: Re: {} {}",
    "{} / {} / third time this week!",
)
_HOSTILE = (
    '=HYPERLINK("https://evil.example","{}") {}',
    "<script>alert('{}')</script> {}",
    "{}'); DROP TABLE tickets; -- {}",
    "@channel {} \u202e{}",
)
# One wording in about forty is hostile.
VARIANTS = 160
_BODIES = (
    "Hello team,\nthe {} problem at {} is back. Could somebody have a look today?",
    "{} reported by the guard on duty at {}. Photos follow.",
    "Automatic message: {} at {} outside of its limits.",
    'We have had {} trouble at {} twice this month, "never again" was promised. 我们需要帮助 🙏',
)


def words() -> list[pl.Expr]:
    """Title and description of every ticket from its category, site and wording."""
    regular = VARIANTS - len(_HOSTILE)
    titles = [(_TITLES[n % len(_TITLES)] if n < regular else _HOSTILE[n - regular]) for n in range(VARIANTS)]
    bodies = [_BODIES[n % len(_BODIES)] for n in range(VARIANTS)]
    return [_filled(titles).alias("title"), _filled(bodies).alias("description")]


def _filled(templates: list[str]) -> pl.Expr:
    pattern = pl.col("wording").replace_strict(dict(enumerate(templates)), return_dtype=pl.String)
    with_category = pattern.str.replace("{}", pl.col("category"), literal=True)
    return with_category.str.replace("{}", pl.col("site_id"), literal=True)
