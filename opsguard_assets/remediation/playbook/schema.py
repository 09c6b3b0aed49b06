"""The JSON Schema of playbooks, from which editors complete and check them.

Here: the model's schema with the words of its docstrings. Not here: the model (`model`, `steps`).
"""

import inspect
import re
from typing import Any

from opsguard_assets.config.base import Strict
from opsguard_assets.remediation.playbook.model import Playbook

_ENTRY = re.compile(r"^ {4}(?P<name>\w+): (?P<words>.*(?:\n {8,}.*)*)", re.MULTILINE)


def json_schema() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12) of one playbook file; short forms of matchers are part of it."""
    schema = Playbook.model_json_schema(by_alias=True)
    parts = {"Playbook": schema, **schema.get("$defs", {})}
    models = {model.__name__: model for model in _models(Strict)}
    for name, part in parts.items():
        model = models.get(name)
        if model is None:
            continue
        words = _words(model)
        part["description"] = inspect.cleandoc(model.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        for field, info in model.model_fields.items():
            described = part.get("properties", {}).get(info.alias or field)
            if described is not None and field in words:
                described["description"] = words[field]
    _allow_short_forms(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://opsguard.invalid/playbook.schema.json",
        **schema,
    }


def _allow_short_forms(schema: dict[str, Any]) -> None:
    """`client: C1` and `client: [C1, C2]`, as matchers read them."""
    for described in schema["$defs"]["Matcher"]["properties"].values():
        names = [each.get("$ref", "").rpartition("/")[2] for each in described.get("anyOf", ())]
        for name in names:
            comparison = schema["$defs"].get(name, {}).get("properties", {})
            if "is" not in comparison:
                continue
            value: dict[str, Any] = next(
                (each for each in comparison["is"].get("anyOf", [comparison["is"]]) if each), {}
            )
            shown = {key: word for key, word in value.items() if key not in {"title", "default"}}
            described["anyOf"] = [*described["anyOf"], shown, {"type": "array", "items": shown, "minItems": 1}]
            break


def _words(model: type[Strict]) -> dict[str, str]:
    """What the docstrings of a model and its bases say of each field."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, Strict) and each.__doc__:
            for entry in _ENTRY.finditer(inspect.cleandoc(each.__doc__)):
                found[entry["name"]] = " ".join(entry["words"].split())
    return found


def _models(base: type[Strict]) -> list[type[Strict]]:
    return [each for model in base.__subclasses__() for each in (model, *_models(model))]
