"""How many examples a property draws: a tenth or less in `make test`, all of them in `make test-full`.

Which tenth is another one in every run. `--hypothesis-profile=full` draws all.
"""

from hypothesis import HealthCheck, settings

FAST, FULL = "fast", "full"
_SHARE, _LEAST = 10, 3
# What a property draws that names no number.
_USUAL = 100


def register() -> None:
    """Makes the two profiles and takes the fast one."""
    for name, number in ((FULL, _USUAL), (FAST, _USUAL // _SHARE)):
        # How long an example takes says more of the machine than of the code.
        settings.register_profile(
            name, deadline=None, max_examples=number, suppress_health_check=[HealthCheck.too_slow]
        )
    settings.load_profile(FAST)


def is_full() -> bool:
    """Whether this run draws everything."""
    return settings.get_current_profile_name() == FULL


def examples(number: int, quick: int | None = None) -> int:
    """How many of so many examples this run draws; `quick` where a tenth takes too long for `make test`."""
    if is_full():
        return number
    return min(number, max(_LEAST, number // _SHARE)) if quick is None else quick
