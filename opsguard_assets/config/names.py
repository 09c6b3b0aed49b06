"""Which clients and sites settings name, wherever they do. Not here: which there are (the lake), and other names."""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from pydantic import BaseModel

from opsguard_assets.config.matching import Matcher

Kind = Literal["client", "site"]


class Named(NamedTuple):
    """A name in settings.

    Attributes:
        kind: What it names.
        name: The identifier as written.
        place: Where it stands, such as `plans.clients`.
    """

    kind: Kind
    name: str
    place: str


def named_in(settings: object, place: str = "") -> Iterator[Named]:
    """Every client and site that settings name: keys of a section `clients`, and comparisons of matchers.

    Args:
        settings: A model of settings or of a playbook, or a part of one.
        place: Where it stands.
    """
    if isinstance(settings, Matcher):
        yield from _compared(settings, place)
    if isinstance(settings, BaseModel):
        for field, about in type(settings).model_fields.items():
            yield from _inside(getattr(settings, field), field, f"{place}.{about.alias or field}".lstrip("."))
    elif isinstance(settings, Mapping):
        for key, each in settings.items():
            yield from named_in(each, f"{place}.{key}".lstrip("."))
    elif isinstance(settings, tuple | list):
        for number, each in enumerate(settings):
            yield from named_in(each, f"{place}.{number}".lstrip("."))


def _inside(value: object, field: str, place: str) -> Iterator[Named]:
    if field == "clients" and isinstance(value, Mapping):
        yield from (Named("client", str(name), place) for name in value)
    yield from named_in(value, place)


def _compared(matcher: Matcher, place: str) -> Iterator[Named]:
    kinds: tuple[Kind, ...] = ("client", "site")
    for kind in kinds:
        comparison = getattr(matcher, kind)
        if comparison is not None:
            names = (*(comparison.in_ or ()), *([comparison.is_] if comparison.is_ is not None else ()))
            yield from (Named(kind, name, f"{place}.{kind}".lstrip(".")) for name in names)
