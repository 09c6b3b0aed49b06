"""What an answer of a REST service means: JSON in any condition, whether it holds records, and which of them are none.

Here: one answer. Not here: asking for it (`rest_session`), records on their way (`rest_records`).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from dlt.common import jsonpath
from dlt.sources.helpers.rest_client.detector import find_response_page_data
from requests import Response

from opsguard_assets.config.sources import RestSource
from opsguard_assets.intake.raw.received import LONGEST_TEXT, SourceError

_DEEPEST = 100
# Above this, numbers are digits: a cursor is compared as a number below it.
_LONGEST_NUMBER = 18
_NO_CONTENT = 204
_CUT = f"nested deeper than {_DEEPEST} levels"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_MANY = re.compile(r"(\.\.|\.?\[(?!['\"\d])|\.\*)")
_COMPLAINTS = ("error", "errors", "fault", "exception")


@dataclass
class Pages:
    """The answers of one load.

    Attributes:
        source: The source.
        apart: What stood between the records and is none: reason and text.
        mark: Stands for what is nested too deep, until its record is recorded as damaged.
    """

    source: RestSource
    apart: list[tuple[str, str]] = field(default_factory=list)
    mark: str = field(default_factory=lambda: f"{_CUT} {uuid4().hex}")

    def seen(self, response: Response) -> None:
        """Reads an answer, and leaves only records in it.

        Raises:
            SourceError: When it is no JSON, or holds no list of records.
        """
        page = [] if response.status_code == _NO_CONTENT else self._document(response)
        if not self._is_handled(response):
            self._check(page)
        self._set_apart(page)
        response.json = lambda **_: page  # type: ignore[method-assign]

    def is_too_deep(self, line: str) -> bool:
        """Whether a part of this record was cut off."""
        return self.mark in line

    def _document(self, response: Response) -> Any:
        kind = response.headers.get("Content-Type", "")
        encoding = response.encoding if "charset=" in kind.lower() and "json" in kind.lower() else None
        try:
            # Bytes that are not text become half characters, which set their record apart and no other.
            text = response.content.decode(encoding or "utf-8-sig", errors="surrogateescape")
        except LookupError:
            text = response.content.decode("utf-8-sig", errors="surrogateescape")
        try:
            return _parsed(text)
        except RecursionError:
            return _parsed(_without_depths(text, self.mark))
        except ValueError:
            what = kind.split(";")[0].strip() or "of no type"
            hint = "; probably a login page" if "html" in what else ""
            raise SourceError(
                f"Source {self.source.name}: the answer (HTTP {response.status_code}) is no JSON but {what}, "
                f"{len(response.content):,} bytes{hint}. Check `client.base_url`, `resource.endpoint` and the token."
            ) from None

    @property
    def _endpoint(self) -> Mapping[str, Any]:
        endpoint = self.source.resource.get("endpoint")
        return endpoint if isinstance(endpoint, Mapping) else {}

    @property
    def _selector(self) -> str | None:
        return self._endpoint.get("data_selector") or self.source.resource.get("data_selector")

    def _is_handled(self, response: Response) -> bool:
        """Whether the settings say themselves what such an answer means."""
        actions = self._endpoint.get("response_actions") or ()
        return any(isinstance(a, Mapping) and a.get("status_code") in (None, response.status_code) for a in actions)

    def _check(self, page: Any) -> None:
        fault = fault_of(page, self._selector, may_be_absent=self.source.empty_when_absent)
        if fault:
            raise SourceError(
                f"Source {self.source.name}: the server answered without a list of records: {fault}. Nothing is "
                "loaded. Ask its owner, or correct `resource.endpoint.data_selector`."
            )

    def _set_apart(self, page: Any) -> None:
        """Takes what is not a record out of the lists of an answer."""
        if self._selector is None:
            lists = [find_response_page_data(page)[1]]
        else:
            found = jsonpath.find_values(self._selector, page)
            lists = found if len(found) == 1 else []
        for records in lists:
            if isinstance(records, list):
                self.apart += [_strange(value) for value in records if not isinstance(value, dict)]
                records[:] = [value for value in records if isinstance(value, dict)]


def _parsed(text: str) -> Any:
    return json.loads(text, parse_int=_whole, parse_float=_floating)


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits


def _floating(digits: str) -> float | str:
    number = float(digits)
    return digits if number in (float("inf"), float("-inf")) else number


def _without_depths(text: str, mark: str) -> str:
    """The text with everything nested too deep replaced."""
    pieces, depth, start, cut = list[str](), 0, 0, 0
    for match in _TOKEN.finditer(text):
        found = match.group()
        if found in "[{":
            depth += 1
            if depth == _DEEPEST:
                cut = match.start()
        elif found in "]}":
            if depth == _DEEPEST:
                pieces += [text[start:cut], json.dumps(mark)]
                start = match.end()
            depth -= 1
    return "".join([*pieces, text[start:]])


def fault_of(page: Any, selector: str | None, *, may_be_absent: bool) -> str | None:
    """Why an answer holds no list of records; None where it does."""
    if selector is None:
        return _undetected(page)
    found = jsonpath.find_values(selector, page)
    if len(found) > 1 or (found and isinstance(found[0], list | dict)):
        return None
    if found:
        return f"`{selector}` is {_kind(found[0])}{_complaint(page)}"
    # A selector of many items finds nothing in an empty list.
    several = _MANY.search(selector)
    if several and (not several.start() or jsonpath.find_values(selector[: several.start()], page)):
        return None
    complaint = _complaint(page)
    return None if may_be_absent and not complaint else f"it has no `{selector}`{complaint}"


def _undetected(page: Any) -> str | None:
    path, data = find_response_page_data(page)
    if not isinstance(data, list):
        more = "; if it is one record, set `data_selector: $`" if isinstance(page, dict) else ""
        return f"it is {_kind(page)}{_complaint(page)}{more}"
    is_complaint = isinstance(page, dict) and bool(set(path) & set(_COMPLAINTS))
    return f"its only list is `{'.'.join(path)}`" if is_complaint else None


def _complaint(page: Any) -> str:
    """That the answer speaks of an error; not what it says, which may hold secrets."""
    if not isinstance(page, dict):
        return ""
    named = [key for key in page if isinstance(key, str) and key.lower() in _COMPLAINTS and page[key]]
    return f", but `{named[0]}`" if named else ""


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {str: "a text", bool: "a truth value", int: "a number", float: "a number", list: "a list"}
    return kinds.get(type(value), "an object")


def _strange(value: Any) -> tuple[str, str]:
    return f"no JSON object but {_kind(value)}", json.dumps(value, default=str)[:LONGEST_TEXT]
