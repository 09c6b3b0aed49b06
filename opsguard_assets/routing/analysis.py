"""What is wrong with routes before anything happens: contradictions, routes in the shadow of others, unknown names.

Here: matchers in, troubles out. Not here: people and duty (`cover`), evaluating matchers (`incidents.matching`).

A matcher is a set of incidents. Every field has finitely many cases that it can tell apart: the values that some route
names, one that none does, and unknown. So whether a set is empty, or lies within others, is decided by going through
the cases, not by trying.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from opsguard_assets.config.matching import Matcher
from opsguard_assets.config.routing import Route
from opsguard_assets.incidents.matching import FIELDS
from opsguard_assets.tables.values import PLANS, SEVERITIES

Cases: TypeAlias = Mapping[str, frozenset[Any]]
# A union of products: each is one set of cases per field.
Terms: TypeAlias = list[Cases]
_OTHER, _UNKNOWN = "\N{FULL BLOCK}any other", None
_MOST: Final = 5_000


class TooManyCasesError(ValueError):
    """Routes are too entangled to be compared."""


def troubles(
    routes: Sequence[Route], *, types: Iterable[str], teams: Iterable[str], channels: Iterable[str]
) -> list[str]:
    """What is wrong with routes, in words; nothing where all is well.

    Args:
        routes: In the order in which they are tried.
        types: The types of alerts that there are; further kinds may come from other systems.
        teams: Names and identifiers of teams.
        channels: Names of channels.
    """
    known_teams, found = {team.lower() for team in teams}, []
    for route in routes:
        if route.team is not None and route.team.lower() not in known_teams:
            found.append(f"route {route.name}: there is no team {route.team} among `groups`")
        unknown = [name for name in route.channels or () if name not in set(channels)]
        if unknown:
            found.append(f"route {route.name}: there is no channel {', '.join(unknown)}")
        near = [name for name in _types_in(route.when) if name not in set(types)]
        if near:
            found.append(
                f"route {route.name}: no type of alerts is named {', '.join(near)}; only other systems send such"
            )
    try:
        found += _shadows(routes)
    except TooManyCasesError as error:
        found.append(str(error))
    return found


def may_meet(*matchers: Matcher) -> bool:
    """Whether something can match all of these; of one matcher, whether anything can.

    Raises:
        TooManyCasesError: When they are too entangled to be decided.
    """
    universe, terms = _universe(matchers), _terms(None, {})
    for matcher in matchers:
        terms = _both(terms, _terms(matcher, universe))
    return bool(terms)


def named_types(matcher: Matcher) -> list[str]:
    """The types of alerts that a matcher names, also within `not`."""
    return _types_in(matcher)


def _shadows(routes: Sequence[Route]) -> list[str]:
    universe, found = _universe([route.when for route in routes]), []
    for place, route in enumerate(routes):
        own = _terms(route.when, universe)
        if not own:
            found.append(f"route {route.name}: nothing can match it, its comparisons contradict one another")
            continue
        left = own
        for before in routes[:place]:
            rest = _both(left, _negated(before.when, universe))
            if not rest:
                found.append(f"route {route.name}: {before.name} takes everything before it, so it is never reached")
                break
            left = rest
    return found


def _parts(matcher: Matcher | None) -> Iterable[Matcher]:
    """A matcher and all within it."""
    if matcher is None:
        return
    yield matcher
    inner = (*(matcher.all_ or ()), *(matcher.any_ or ()), *((matcher.not_,) if matcher.not_ else ()))
    for part in inner:
        yield from _parts(part)


def _types_in(matcher: Matcher | None) -> list[str]:
    named = [value for part in _parts(matcher) if part.type is not None for value in _named(part.type)]
    return sorted(set(named))


def _named(comparison: Any) -> list[Any]:
    bounds = (getattr(comparison, name, None) for name in ("is_", "at_least", "at_most"))
    return [*(value for value in bounds if value is not None), *(getattr(comparison, "in_", None) or ())]


def _universe(matchers: Iterable[Matcher | None]) -> Cases:
    """All cases of every field that the matchers can tell apart."""
    named: dict[str, set[Any]] = {name: set() for name in FIELDS}
    for matcher in matchers:
        for part in _parts(matcher):
            for name in FIELDS:
                comparison = getattr(part, name)
                named[name] |= set(_named(comparison)) if comparison is not None else set()
    cases: dict[str, frozenset[Any]] = {}
    for name, values in named.items():
        if name == "severity":
            cases[name] = frozenset(SEVERITIES)
        elif name == "plan":
            cases[name] = frozenset({*PLANS, _UNKNOWN})
        elif name == "priority":
            cases[name] = frozenset(range(101))
        elif name == "alerts":
            # Comparisons change at the numbers that are named: these and their neighbours stand for all.
            near = {int(value) + step for value in values for step in (-1, 0, 1)}
            cases[name] = frozenset({1, *(number for number in near if number >= 1)})
        elif name == "life_safety":
            cases[name] = frozenset({True, False})
        else:
            cases[name] = frozenset({*values, _OTHER, _UNKNOWN})
    return cases


def _holds(name: str, comparison: Any, value: Any) -> bool:
    """Whether a comparison holds for one case; the same as `incidents.matching`, value by value."""
    if value is _UNKNOWN:
        return False
    order = FIELDS[name][1]
    place = order.index if order else lambda each: each
    checks = (
        comparison.is_ is None or value == comparison.is_,
        getattr(comparison, "in_", None) is None or value in comparison.in_,
        getattr(comparison, "at_least", None) is None or place(value) >= place(comparison.at_least),
        getattr(comparison, "at_most", None) is None or place(value) <= place(comparison.at_most),
    )
    return all(checks)


def _terms(matcher: Matcher | None, universe: Cases) -> Terms:
    """The set of a matcher."""
    if matcher is None:
        return [{}]
    terms: Terms = [{}]
    for name in FIELDS:
        comparison = getattr(matcher, name)
        if comparison is not None:
            terms = _both(terms, [{name: frozenset(v for v in universe[name] if _holds(name, comparison, v))}])
    for part in matcher.all_ or ():
        terms = _both(terms, _terms(part, universe))
    if matcher.any_ is not None:
        terms = _both(terms, [term for part in matcher.any_ for term in _terms(part, universe)])
    if matcher.not_ is not None:
        terms = _both(terms, _negated(matcher.not_, universe))
    return terms


def _negated(matcher: Matcher | None, universe: Cases) -> Terms:
    """Everything else."""
    terms: Terms = [{}]
    for term in _terms(matcher, universe):
        terms = _both(terms, [{name: universe[name] - values} for name, values in term.items()])
    return terms


def _both(one: Terms, other: Terms) -> Terms:
    """What lies in both; empty products fall away."""
    found: Terms = []
    for first in one:
        for second in other:
            joined = {
                name: first.get(name, second.get(name, frozenset())) & second.get(name, first.get(name, frozenset()))
                for name in {*first, *second}
            }
            if all(joined.values()) and joined not in found:
                found.append(joined)
                if len(found) > _MOST:
                    raise TooManyCasesError("the routes are too many and too entangled to be compared with one another")
    return found
