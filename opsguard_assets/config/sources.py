"""The systems that records come from, as `opsguard.yaml` describes them.

Here: kinds of sources and their options. Not here: reading them (`opsguard_assets.intake`).
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from opsguard_assets.config.base import Encoding, Strict, Zone
from opsguard_assets.config.mapping import Feed

NAME_PATTERN = r"^[a-z][a-z0-9_]{0,40}$"


class RecordSource(Strict):
    """What every kind of source has.

    Attributes:
        name: Identifies the source in the lake, in Dagster and in messages.
        feeds: The canonical tables that it fills.
        timezone: Zone of naive instants.
        null_values: Texts that mean unknown, beside the empty text.
        max_rejected_share: Above this share of rejected rows in one load the contract check fails.
        max_minutes_ahead: How far an instant of what happened may lie after the row was known: clocks of sources run
            ahead a little. A day at most.
    """

    name: str = Field(pattern=NAME_PATTERN)
    feeds: tuple[Feed, ...] = Field(min_length=1)
    timezone: Zone = "UTC"
    null_values: tuple[str, ...] = ()
    max_rejected_share: float = Field(default=0.05, ge=0, le=1)
    max_minutes_ahead: int = Field(default=60, ge=0, le=24 * 60)

    @property
    def has_header(self) -> bool:
        """Whether every load names all its columns, also those without a value."""
        return False

    @property
    def brings_lists(self) -> bool:
        """Whether a load, and of files each file, is the complete list of a table's rows."""
        return any(feed.snapshot for feed in self.feeds)

    @model_validator(mode="after")
    def _a_table_is_listed_whole(self) -> Self:
        listed = {feed.table for feed in self.feeds if feed.snapshot}
        partly = sorted({feed.table for feed in self.feeds if not feed.snapshot} & listed)
        if partly:
            raise ValueError(
                f"only some of the feeds of {', '.join(partly)} have `snapshot: true`; give it to all or none"
            )
        return self


class CsvOptions(Strict):
    """How a CSV source is written.

    Attributes:
        delimiter: One character between fields.
        quote: One character around fields.
        encoding: The character set, by any name that Python knows; `latin-1` means what it means to spreadsheets
            (cp1252).
        columns: Names of the columns of a file without a header; with a header they stay away.
        header_at: The line of the header, from 1, in a file with a title before it; lines before it are not records.
        max_row_bytes: Longer rows are rejected: a damaged quote must not swallow the rest of a file.
    """

    delimiter: Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=1)] = ","
    quote: str = Field(default='"', min_length=1, max_length=1)
    encoding: Encoding = "utf-8"
    columns: tuple[str, ...] = ()
    header_at: int | None = Field(default=None, ge=1, le=10_000)
    max_row_bytes: int = Field(default=2_000_000, ge=1_000, le=64_000_000)

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.delimiter == self.quote or self.delimiter in "\r\n" or self.quote in "\r\n":
            raise ValueError("`delimiter` and `quote` are two different characters, and no line end; correct them")
        if not self.quote.isascii():
            raise ValueError(f"the quote {self.quote!r} is not an ASCII character; write one like `\"` or `'`")
        if self.columns and self.header_at:
            raise ValueError("a file has a header (`header_at`) or none (`columns`); take one of them out")
        return self


class FileLimits(Strict):
    """What a packed file may become; beyond it the file is refused.

    Attributes:
        unpacked_bytes: Its size when unpacked.
        ratio: How many times its size it may unpack to, from 64 MiB on.
    """

    unpacked_bytes: int = Field(default=50_000_000_000, ge=1)
    ratio: float = Field(default=200, ge=1)


class FileSource(RecordSource):
    """A file, a folder or a glob of CSV, Parquet or JSON-lines files, plain or gzipped.

    Attributes:
        kind: `files`.
        path: Where they are.
        format: How they are written, where names do not say it.
        csv: How CSV is written.
        member: The files are tar archives, and this glob names the members to read, one after the other as one text:
            JSON lines, or CSV without a header (`csv.columns`).
        limits: What packed files and archives may become.
    """

    kind: Literal["files"]
    path: str
    member: str | None = None
    format: Literal["csv", "parquet", "jsonl"] | None = None
    csv: CsvOptions = CsvOptions()
    limits: FileLimits = FileLimits()

    @model_validator(mode="after")
    def _members_have_no_header(self) -> "FileSource":
        if self.member is not None and not (self.format == "jsonl" or (self.format == "csv" and self.csv.columns)):
            raise ValueError("members of archives need `format: jsonl`, or `format: csv` with `csv: {columns: [...]}`")
        return self

    @property
    def has_header(self) -> bool:
        """CSV and Parquet have one; a folder may hold JSON lines, too, unless `format` says otherwise."""
        name = self.path.lower().removesuffix(".gz")
        return self.format in ("csv", "parquet") or (
            self.format is None and name.endswith((".csv", ".tsv", ".parquet", ".pq"))
        )


class SqlSource(RecordSource):
    """A query or table behind any SQLAlchemy URL, read incrementally by a cursor column."""

    kind: Literal["sql"]
    url: SecretStr
    relation: str = Field(alias="table")
    db_schema: str | None = Field(default=None, alias="schema")
    cursor: str | None = None
    chunk_rows: int = Field(default=100_000, ge=1)

    @model_validator(mode="after")
    def _a_list_is_read_whole(self) -> Self:
        if self.brings_lists and self.cursor is not None:
            raise ValueError("with a `cursor` a load is not a complete list; remove `cursor`, or `snapshot`")
        return self


class RestLimits(Strict):
    """What one load of a REST source may take; beyond it nothing of the load is kept.

    Attributes:
        pages: Answers.
        seconds: From the first question to the last answer.
        bytes: All answers together, unpacked.
        page_bytes: One answer, unpacked.
        ratio: How many times its packed size an answer may unpack to, from 16 MiB on.
    """

    pages: int = Field(default=10_000, ge=1)
    seconds: float = Field(default=1_800, gt=0)
    bytes: int = Field(default=4_000_000_000, ge=1)
    page_bytes: int = Field(default=100_000_000, ge=1)
    ratio: float = Field(default=200, ge=1)


class RestSource(RecordSource):
    """A REST resource in the words of dlt's REST API source: `client` and `resource` pass through to it.

    Both may hold secrets once these are filled in, and are not shown.

    Attributes:
        allowed_hosts: Servers beside that of `client.base_url` that links and redirects may lead to, as `host` or
            `host:port`. They get neither token nor headers of the client.
        empty_when_absent: An answer without the list that `data_selector` names holds no records; otherwise it is an
            error.
        limits: What one load may take.
    """

    kind: Literal["rest"]
    client: dict[str, Any] = Field(repr=False)
    resource: dict[str, Any] = Field(repr=False)
    token: SecretStr | None = None
    allowed_hosts: tuple[str, ...] = ()
    empty_when_absent: bool = False
    limits: RestLimits = RestLimits()

    @model_validator(mode="after")
    def _a_list_is_read_whole(self) -> Self:
        if self.brings_lists and _names(self.resource, "incremental"):
            raise ValueError("an `incremental` resource is not a complete list; remove `incremental`, or `snapshot`")
        return self


def _names(node: Any, word: str) -> bool:
    """Whether plain data hold a word as a key, or as the type of something, at any depth."""
    if isinstance(node, dict):
        return word in node or node.get("type") == word or any(_names(value, word) for value in node.values())
    return isinstance(node, list) and any(_names(value, word) for value in node)


class SimulatorSource(Strict):
    """Records of the built-in digital twin, written as files and read like any other file.

    Attributes:
        name: Prefix of the file sources that it stands for, one per table.
        folder: Where the twin writes its records; `truth/` beside them is never read as a source.
        settings: The simulator's own settings (`docs/simulator.md`).
    """

    kind: Literal["simulator"]
    name: str = Field(default="simulator", pattern=NAME_PATTERN)
    folder: str
    settings: dict[str, Any] = Field(default_factory=dict)


DirectSource = FileSource | SqlSource | RestSource
Source = Annotated[DirectSource | SimulatorSource, Field(discriminator="kind")]
