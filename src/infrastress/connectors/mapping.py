"""Mappings: how a recording's columns, units and times read in terms of the site."""

import codecs
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from infrastress.core.errors import MappingError

__all__ = ["ColumnMap", "Mapping", "RecordMap", "TimeMap", "dump_mapping", "load_mapping"]

MAX_MAPPING_BYTES = 4_000_000


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnMap(_Part):
    """One column (wide, plain) or tag (long): value = number * factor + offset, in `unit`.

    `values` turns words into numbers ({"OPEN": 1}); `bad_values` are numbers or words that mean "no good value".
    Without a `unit` the signal's own unit is meant.
    """

    signal: str
    unit: str | None = None
    factor: float = 1.0
    offset: float = 0.0
    values: dict[str, float] = Field(default_factory=dict)
    bad_values: tuple[float | str, ...] = ()


class TimeMap(_Part):
    """Where a row's time is: a column in a format, or `start` and `step_s` where the file has no times.

    `format` is "iso", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", or directives such as "%d/%m/%y %H".
    """

    column: str | None = "time"
    format: str = "iso"
    start: Annotated[str | None, Field(description="ISO 8601 with offset: time of the first row")] = None
    step_s: Annotated[float | None, Field(gt=0)] = None

    @model_validator(mode="after")
    def _whole(self) -> "TimeMap":
        if self.column is None and (self.start is None or self.step_s is None):
            raise ValueError("without a time column both start and step_s are needed")
        return self


class RecordMap(_Part):
    """How JSON lines that are not our own events become events of one kind.

    A field that lies in another is named with a dot (`rule.id`). `fields` maps a field of the body to a field of the
    record, `values` turns its words into the body's, by field
    of the body ({"state": {"DOOR_FORCED": "forced"}}), `constants` gives bodies fields of fixed value.
    """

    kind: Literal[
        "access", "login", "door", "session", "gas", "switch", "track", "alert", "report", "work_notice"
    ]  # fmt: skip
    time: str = "time"
    source: Annotated[str | None, Field(description="Source id; the file's own source without it")] = None
    assets: Annotated[tuple[str, ...], Field(description="Fields that hold asset ids")] = ()
    fields: dict[str, str]
    values: dict[str, dict[str, Any]] = Field(default_factory=dict)
    constants: dict[str, Any] = Field(default_factory=dict)


class Mapping(_Part):
    """How to read one recording. The default reads a wide CSV: `time` in ISO 8601, one column a signal id."""

    layout: Literal["wide", "long", "plain"] = "wide"
    delimiter: Annotated[str, Field(min_length=1, max_length=1, description="A space stands for any white space")] = ","
    decimal: Literal[".", ","] = "."
    encoding: str = "utf-8"
    skip_lines: Annotated[int, Field(ge=0)] = 0
    header: bool = True
    transposed: Annotated[bool, Field(description="Lines are signals and columns times; the whole file is held")] = (
        False
    )
    time: TimeMap = TimeMap()
    time_zone: Annotated[str | None, Field(description="IANA name for times without offset; else the site's")] = None
    columns: dict[str, ColumnMap] = Field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    label: Annotated[str | None, Field(description="Column of ground truth; never read as telemetry")] = None
    label_from: Annotated[
        int | None, Field(ge=1, description="Without a label column: the row the event begins at")
    ] = None
    unknown: Annotated[Literal["report", "refuse"], Field(description="What to do with columns not mapped")] = "report"
    empty: Annotated[tuple[str, ...], Field(description="Spellings of an empty cell")] = (
        "", "NA", "N/A", "null", "NULL", "None",
    )  # fmt: skip
    tag_column: str = "tag"
    value_column: str = "value"
    quality_column: str | None = None
    good_quality: tuple[str, ...] = ("Good", "good", "GOOD", "192", "0x00", "true")
    records: RecordMap | None = None

    @field_validator("columns", mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """`column: SIGNAL` is short for `column: {signal: SIGNAL}`."""
        if not isinstance(value, dict):
            return value
        return {str(key): {"signal": item} if isinstance(item, str) else item for key, item in value.items()}

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            return codecs.lookup(value).name
        except LookupError:
            raise ValueError(f"unknown encoding {value!r}; use utf-8, latin-1, cp1252, utf-16 ...") from None

    @model_validator(mode="after")
    def _consistent(self) -> "Mapping":
        if self.decimal == self.delimiter:
            raise ValueError("decimal and delimiter are the same character")
        if self.layout == "long" and self.time.column is None:
            raise ValueError("a long layout needs a time column: its lines of one time make one row")
        if self.layout == "long" and self.transposed:
            raise ValueError("a long layout can't be transposed: its lines are values")
        if self.label is not None and self.label_from is not None:
            raise ValueError("label names a column of ground truth and label_from a row: give one of them")
        return self

    @property
    def has_header(self) -> bool:
        """True when the first line names the columns; a plain layout never has one."""
        return self.header and self.layout != "plain"


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file.

    Raises:
        MappingError: it can't be read, or holds what a mapping can't; every fault is named.
    """
    try:
        if path.stat().st_size > MAX_MAPPING_BYTES:
            raise MappingError("far too large for a mapping", where=str(path))
        text = path.read_text(encoding="utf-8")
        if "&" in text and any(line.lstrip().startswith(("- *", "<<:")) or ": *" in line for line in text.splitlines()):
            raise MappingError("aliases are not read in a mapping", where=str(path), remedy="write it out")
        content = YAML(typ="safe", pure=True).load(StringIO(text))
        return Mapping.model_validate(content if content is not None else {})
    except (OSError, UnicodeDecodeError, YAMLError, RecursionError) as error:
        raise MappingError(f"no mapping: {error}", where=str(path)) from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'mapping'}: {one['msg']}" for one in error.errors())
        raise MappingError(faults, where=str(path)) from None


def dump_mapping(mapping: Mapping, notes: tuple[str, ...] = (), comments: dict[str, str] | None = None) -> str:
    """YAML of a mapping: `notes` as a heading comment, `comments` beside the columns they speak of."""
    from ruamel.yaml.comments import CommentedMap

    fields = mapping.model_dump(mode="json", exclude_defaults=True)
    fields = {"layout": mapping.layout, **fields}
    columns = fields.get("columns")
    if columns:
        ordered = CommentedMap()
        for name, column in columns.items():
            entry = CommentedMap(column)
            entry.fa.set_flow_style()
            ordered[name] = entry
            if comments and name in comments:
                ordered.yaml_add_eol_comment(comments[name], name)
        fields["columns"] = ordered
    out = StringIO()
    out.writelines(f"# {line}\n" for note in notes for line in note.splitlines())
    writer = YAML()
    writer.width = 200
    writer.dump(CommentedMap(fields), out)
    return out.getvalue()
