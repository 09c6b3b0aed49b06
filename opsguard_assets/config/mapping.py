"""How the records of one source become rows of one canonical table: columns, values, zones, formats.

Here: the words of the mapping in `opsguard.yaml`. Not here: applying it (`opsguard_assets.intake.mapping.conform`).
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from opsguard_assets.config.base import Strict, Zone

Scalar = str | int | float | bool
EMPTY = ""


def _as_written(given: Any) -> Any:
    """Dates as texts, also those that `values` gives."""
    if isinstance(given, dict):
        return {key: _as_written(value) for key, value in given.items()}
    return given.isoformat() if isinstance(given, date) else given


class ColumnMapping(Strict):
    """Where one canonical column comes from.

    Attributes:
        source: The source's column (key `from`), named as the source spells it.
        constant: The same value for every row; excludes `from`.
        template: Text with `{column}` placeholders of source columns, for composed identifiers.
        values: Source value to canonical value; compared as trimmed text, case-insensitively. The empty text stands
            for `default`.
        otherwise: What a value gets that `values` does not list; without it the value itself goes on.
        default: What an empty cell gets; without it an empty cell is unknown.
        format: Formats of instants and dates with the meaning that Python's strptime gives them, tried in order; ISO
            8601 where none is given.
        unit: What a number in an instant column counts: since 1970-01-01 UTC, or `excel`, local days since 1899-12-30.
        timezone: Zone of naive instants in this column; the source's zone where absent.
        only_when: Source column to allowed values; elsewhere the result is null (outcomes that a log fills in
            on every row of a case are known only on the rows that say so).
        no_later_than: Source column with an instant; a later value is replaced by it. A log that fills outcomes in on
            earlier rows of a case says "resolved", but with the instant of a later, final resolution.
        add_days: Local days to add to an instant: a source that tells by when something is promised, and not since
            when. A date counts from its first instant, also in a column that says until when.
        after: Another column of the table. A value that does not lie after it means the same time of the next local
            day: one date with two times, of which the second passes midnight.
        separator: Splits text into a list.
        decimal: The decimal mark of numbers written as text.
        scale: A number to multiply by, for a source that counts in another unit.
        offset: A number to add afterwards, for a scale that begins elsewhere.
    """

    source: str | None = Field(default=None, alias="from")
    constant: Scalar | None = None
    template: str | None = None
    values: dict[str, Scalar | None] = Field(default_factory=dict)
    otherwise: Scalar | None = None
    default: Scalar | None = None
    format: tuple[str, ...] = ()
    unit: Literal["s", "ms", "us", "excel"] | None = None
    timezone: Zone | None = None
    only_when: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    no_later_than: str | None = None
    add_days: float | None = Field(default=None, ge=-36_525, le=36_525)
    after: str | None = None
    separator: Annotated[str, StringConstraints(strip_whitespace=False, min_length=1)] | None = None
    decimal: Literal[".", ","] = "."
    scale: float | None = Field(default=None, allow_inf_nan=False)
    offset: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """`ticket_id: number` is short for `ticket_id: {from: number}`; one format or allowed value may stand alone."""
        if isinstance(value, str):
            return {"from": value}
        if not isinstance(value, dict):
            return value
        # YAML reads an unquoted 2026-01-31 as a date.
        value = {key: _as_written(given) for key, given in value.items()}
        if isinstance(value.get("format"), str):
            value = {**value, "format": (value["format"],)}
        if isinstance(value.get("only_when"), dict):
            single = {k: (v,) if isinstance(v, str) else v for k, v in value["only_when"].items()}
            value = {**value, "only_when": single}
        if isinstance(value.get("values"), dict) and EMPTY in value["values"]:
            if value.get("default") is not None:
                raise ValueError('an empty cell is given a value twice: by `default` and by `values` ("")')
            rest = {key: word for key, word in value["values"].items() if key != EMPTY}
            value = {**value, "values": rest, "default": value["values"][EMPTY]}
        return value

    @model_validator(mode="after")
    def _one_origin(self) -> "ColumnMapping":
        origins = [name for name in ("source", "constant", "template") if getattr(self, name) is not None]
        if len(origins) != 1:
            raise ValueError("a column needs exactly one of `from`, `constant` and `template`")
        return self


class Feed(Strict):
    """One canonical table filled from a source.

    Attributes:
        table: The canonical table (`opsguard tables` lists them).
        columns: Canonical column to its origin. Columns of the same name as the source's need no entry
            when `same_names` is set.
        same_names: Take every canonical column that the source spells the same way and `columns` omits.
        where: Source column to the values whose rows belong to this table; `"*"` means any non-null value.
            Rows that do not belong are not received by this table.
        sequence: A source column of whole numbers that orders changes with equal `updated_at`.
        channels: Source columns that become numeric channels of `telemetry.metrics`.
        snapshot: Every load is the complete list (of files: every file); a row that a newer list no longer names is
            withdrawn, and known to be from that load on.
        withdrawn_when: Source column to the values by which a row says that it is deleted; `"*"` as in `where`.
    """

    table: str
    columns: dict[str, ColumnMapping] = Field(default_factory=dict)
    same_names: bool = False
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    sequence: str | None = None
    channels: tuple[str, ...] = ()
    snapshot: bool = False
    withdrawn_when: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _single_values(cls, value: Any) -> Any:
        """`where: {kind: fire}` is short for `where: {kind: [fire]}`; `withdrawn_when` alike."""
        if not isinstance(value, dict):
            return value
        conditions = {name: value[name] for name in ("where", "withdrawn_when") if isinstance(value.get(name), dict)}
        single = {
            name: {k: (v,) if isinstance(v, str) else v for k, v in condition.items()}
            for name, condition in conditions.items()
        }
        return {**value, **single}

    @model_validator(mode="after")
    def _a_list_is_known_when_it_arrives(self) -> "Feed":
        if self.snapshot and "known_at" in self.columns:
            raise ValueError(
                "with `snapshot`, a row is known from its list on; take `known_at` out of `columns`, or `snapshot` out"
            )
        return self
