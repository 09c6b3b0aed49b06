"""Reads `opsguard.yaml`: variables expanded, every error with its file, line and remedy.

Here: text to `Settings`. Not here: what the settings mean (`settings`, `sources`, `mapping`).
"""

import difflib
import importlib.resources
import re
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from opsguard_assets.config.settings import Settings
from opsguard_assets.config.sources import RecordSource, RestSource
from resources.environment import HOME, Environment, secret

# Secrets are filled in when they are used, so that definitions load on machines that do not hold them.
_SECRET_KEYS = frozenset({"url", "token", "signing_secret", "slack_signing_secret", "password"})
# Of `remediation`: an address, and addresses by name; each is its URL alone, or has a `url`.
_ADDRESS, _ADDRESSES = "work_orders", ("webhooks", "commands")
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")


_S = TypeVar("_S", bound=RecordSource)
_M = TypeVar("_M", bound=BaseModel)


class ConfigError(ValueError):
    """`opsguard.yaml` cannot be used; the message names file, line and remedy."""


@dataclass(frozen=True)
class ConfigIssue:
    """A setting that fits the schema but is still invalid.

    Attributes:
        place: The keys and positions that lead to it.
        words: What is wrong and what to do, without a full stop.
    """

    place: tuple[str | int, ...]
    words: str


# Settings are also checked against more than their schema, such as the contract of the tables.
Rule = Callable[[Settings], Iterable[ConfigIssue]]


def load_settings(path: Path, variables: Mapping[str, str], rule: Rule | None = None) -> Settings:
    """The settings of one file. `${NAME}` and `${NAME:-default}` are taken from `variables`.

    Raises:
        ConfigError: When the file is missing, is no YAML, names an unset variable, or breaks the schema or the rule.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist. Name an opsguard.yaml with --config or OPSGUARD_CONFIG.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. Let this user read it.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8. Save the file as UTF-8.") from error
    return parse_settings(text, name=str(path), variables=variables, rule=rule)


def load_settings_of(place: Environment, variables: Mapping[str, str], rule: Rule | None = None) -> Settings:
    """The settings in force: the file that the environment names, or the simulated provider.

    Raises:
        ConfigError: Like `load_settings`.
    """
    known = {**variables, HOME: str(place.home)}
    if place.config:
        return load_settings(place.config, known, rule)
    text = (importlib.resources.files("templates") / "opsguard.yaml").read_text(encoding="utf-8")
    return parse_settings(text, name="the built-in opsguard.yaml", variables=known, rule=rule)


def parse_settings(text: str, *, name: str, variables: Mapping[str, str], rule: Rule | None = None) -> Settings:
    """Like `load_settings`, from the text itself; `name` stands for the file in messages."""
    document = document_of(text, name)
    if document is None:
        return Settings()
    settings = model_of(Settings, _expand(document, variables, name, name), document, name)
    broken = [message_of(problem.place, problem.words, document, name) for problem in (rule(settings) if rule else ())]
    if broken:
        raise ConfigError("\n".join(broken))
    return settings


def document_of(text: str, name: str) -> Any:
    """What a YAML file holds, with the lines of its keys; None where it is empty. `name` stands for it in messages.

    Raises:
        ConfigError: When it is no YAML, or no mapping of keys.
    """
    try:
        document = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{name}:{line}: no valid YAML: {error.problem}. Check indentation and quotes.") from error
    except YAMLError as error:
        raise ConfigError(f"{name}: no valid YAML: {error}") from error
    if document is not None and not isinstance(document, dict):
        raise ConfigError(f"{name}:1: the file must hold keys such as `sources:`; it holds {type(document).__name__}.")
    return document


def model_of(model: type[_M], content: Any, document: Any, name: str) -> _M:
    """The content as a model.

    Args:
        model: Its shape.
        content: What the file says, as plain data.
        document: The same with the lines of its keys (`document_of`).
        name: Stands for the file in messages.

    Raises:
        ConfigError: One line for each thing that breaks the shape.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        # A parent is only wrong because its child is: a tuple is too short without the item that could not be read.
        parents = {detail["loc"][:length] for detail in details for length in range(len(detail["loc"]))}
        problems = [_sentence(detail, document, name) for detail in details if detail["loc"] not in parents]
        raise ConfigError("\n".join(problems)) from None


def _expand(node: Any, variables: Mapping[str, str], name: str, place: str) -> Any:
    """The document as plain data with variables filled in; keys stay as they are. `place` is that of `node`."""
    if isinstance(node, dict):
        return {
            str(key): value
            if key in _SECRET_KEYS
            else _expand(_with_urls(key, value), variables, name, _place(node, key, name) or place)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_expand(value, variables, name, _place(node, index, name) or place) for index, value in enumerate(node)]
    if isinstance(node, str):
        return _VARIABLE.sub(lambda match: _value(match, variables, place), str(node))
    return node


def _with_urls(section: Any, node: Any) -> Any:
    """The section `remediation` with its addresses as mappings, whose `url` may hold a secret; others as they are."""
    if section != "remediation" or not isinstance(node, dict):
        return node
    whole = copy(node)
    if isinstance(node.get(_ADDRESS), str):
        whole[_ADDRESS] = {"url": node[_ADDRESS]}
    for key in _ADDRESSES:
        if isinstance(node.get(key), dict):
            whole[key] = copy(node[key])
            whole[key].update({name: {"url": each} for name, each in node[key].items() if isinstance(each, str)})
    return whole


def with_secrets(source: _S, variables: Mapping[str, str]) -> _S:
    """The source with `${NAME}` in its secrets replaced by the variable, or by the file that `NAME_FILE` names.

    Raises:
        ConfigError: When a secret names a variable that is not set.
    """
    fields = [name for name in ("url", "token") if isinstance(getattr(source, name, None), SecretStr)]
    revealing = _revealing(variables, f"source {source.name}")
    filled: dict[str, Any] = {
        name: SecretStr(_VARIABLE.sub(revealing, getattr(source, name).get_secret_value())) for name in fields
    }
    if isinstance(source, RestSource):  # the words of dlt hold secrets at any depth
        filled |= {name: _substituted(getattr(source, name), revealing) for name in ("client", "resource")}
    return source.model_copy(update=filled)


def revealed(value: SecretStr, variables: Mapping[str, str], place: str) -> str:
    """A secret with every `${NAME}` in it replaced by the variable, or by the file that `NAME_FILE` names.

    Args:
        value: The secret as `opsguard.yaml` writes it.
        variables: Usually `os.environ`.
        place: Where it stands, for the message.

    Raises:
        ConfigError: When a variable is not set.
    """
    return _VARIABLE.sub(_revealing(variables, place), value.get_secret_value())


def _revealing(variables: Mapping[str, str], place: str) -> Callable[[re.Match[str]], str]:
    return lambda match: secret(variables, match["name"]) or _value(match, {}, place)


def _substituted(node: Any, revealed: Callable[[re.Match[str]], str]) -> Any:
    """Plain data with every variable in it replaced."""
    if isinstance(node, dict):
        return {key: _substituted(value, revealed) for key, value in node.items()}
    if isinstance(node, list):
        return [_substituted(value, revealed) for value in node]
    return _VARIABLE.sub(revealed, node) if isinstance(node, str) else node


def _value(match: re.Match[str], variables: Mapping[str, str], place: str) -> str:
    value = variables.get(match["name"]) or match["default"]
    if value is None:
        raise ConfigError(
            f"{place}: the variable {match['name']} is not set. Set it, or write ${{{match['name']}:-a default}}."
        )
    return value


def _place(node: Any, key: Any, name: str) -> str | None:
    line = _line(node, key)
    return f"{name}:{line}" if line else None


def _line(node: Any, key: Any) -> int | None:
    """The 1-based line of a key or item, where the parser kept it."""
    marks = getattr(getattr(node, "lc", None), "data", None)
    return marks[key][0] + 1 if marks and key in marks else None


def _sentence(detail: ErrorDetails, document: Any, name: str) -> str:
    """One readable line for one broken setting."""
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        message = "this key is not known" + _suggestion(str(detail["loc"][-1]))
    return message_of(
        detail["loc"], message, document, name, names_last=detail["type"] in {"extra_forbidden", "missing"}
    )


def message_of(place: tuple[str | int, ...], words: str, document: Any, name: str, *, names_last: bool = False) -> str:
    """What is wrong, behind its file, line and keys. `names_last`: the last key counts even where nobody wrote it."""
    node: Any = document
    line, path = 1, list[str]()
    for position, part in enumerate(place, start=1):
        children: Any = dict(enumerate(node)) if isinstance(node, list) else node
        if isinstance(children, dict) and part in children:
            line = _line(node, part) or line
            path.append(str(part))
            node = children[part]
        elif names_last and position == len(place):
            path.append(str(part))
    return f"{name}:{line}: {'.'.join(path) or 'settings'}: {sentence(words)}"


def sentence(words: str) -> str:
    """The words with a full stop, unless they end in a mark of their own."""
    return words if words.endswith((".", "?", "!", "…")) else f"{words}."


def _suggestion(key: str) -> str:
    known = {field for model in _models() for field in _names(model)}
    close = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean `{close[0]}`?" if close else "; see docs/configuration.md for the keys of this place"


def _names(model: Any) -> set[str]:
    return {info.alias or name for name, info in model.model_fields.items()}


def _models() -> list[Any]:
    """Every settings model, found by walking subclasses: a new one needs no registration."""
    from opsguard_assets.config.base import Strict  # noqa: PLC0415 - only needed on the way to an error

    found, queue = [], [Strict]
    while queue:
        model = queue.pop()
        found.append(model)
        queue.extend(model.__subclasses__())
    return found
