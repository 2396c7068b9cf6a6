"""CSV and NDJSON: what DuckDB and Polars write, through us and back; what we write, read by them."""

import datetime
import math
from pathlib import Path

import duckdb
import polars as pl

from documents import csv_difference, ndjson_difference
from equal import table_difference
from tool import Report, Tool, arguments, clean_directory

ROWS = 3_000


def flat() -> pl.DataFrame:
    """Cells that a guessing reader gets wrong."""
    index = range(ROWS)
    words = ["00501", "1e5", "+5", " 7", "NaN", "true", "2013-01-01", "-"]
    words += ["a,b", 'say "no"', "two\nlines", "naïve 🦀", "'"]
    start = datetime.datetime(2013, 1, 1, tzinfo=datetime.UTC)
    moments = [start + datetime.timedelta(minutes=i, microseconds=i % 3) for i in index]
    columns = {
        "id": pl.Series(list(index), dtype=pl.Int64),
        "big": pl.Series([2**64 - 1 - i for i in index], dtype=pl.UInt64),
        "small": pl.Series([-(2**63) + i for i in index], dtype=pl.Int64),
        "float": pl.Series([i / 7 - 100 for i in index], dtype=pl.Float64),
        "price": pl.Series([f"{i}.{i % 100:02}" for i in index]),
        "yes": pl.Series([None if i % 5 == 0 else i % 2 == 0 for i in index], dtype=pl.Boolean),
        "text": pl.Series([words[i % len(words)] for i in index]),
        "late": pl.Series([str(i) if i < ROWS - 1 else "not a number" for i in index]),
        "date": pl.Series([moment.date() for moment in moments]),
        "at": pl.Series(moments, dtype=pl.Datetime("us", "UTC")),
        "sparse": pl.Series([i if i % 10 == 0 else None for i in index], dtype=pl.Int64),
        "none": pl.Series([None] * ROWS, dtype=pl.String),
    }
    return pl.DataFrame(columns)


def nested() -> pl.DataFrame:
    """Structs in lists in structs, with nulls and empties at each level."""
    schema = {
        "id": pl.Int64,
        "big": pl.UInt64,
        "x": pl.Float64,
        "tags": pl.List(pl.String),
        "user": pl.Struct({"name": pl.String, "calls": pl.List(pl.Struct({"ns": pl.Int64, "ok": pl.Boolean}))}),
    }
    rows = [
        {
            "id": i - 50,
            "big": 2**64 - 1 - i,
            "x": None if i % 7 == 0 else -0.0 if i % 7 == 1 else i / 3,
            "tags": None if i % 4 == 0 else ["a", None, 'q"\\\u0001🦀'][: i % 4],
            "user": {"name": f"u{i}", "calls": None if i % 3 == 0 else [{"ns": i, "ok": None}] * (i % 3)},
        }
        for i in range(ROWS)
    ]
    return pl.DataFrame(rows, schema=schema)


CSV_BY_POLARS = {
    "plain": {},
    "everything quoted": {"quote_style": "always"},
    "CRLF": {"line_terminator": "\r\n"},
    "semicolons": {"separator": ";"},
    "NA": {"null_value": "NA"},
    "byte order mark": {"include_bom": True},
}
CSV_BY_DUCKDB = {"plain": "", "pipes": ", DELIMITER '|'", "everything quoted": ", FORCE_QUOTE *"}


def main() -> None:
    given = arguments(__doc__).parse_args()
    tool, report = Tool(given.exportkit), Report()
    scratch = clean_directory(given.scratch / "text")
    for name, options in CSV_BY_POLARS.items():
        report.attempt("CSV by Polars, there and back", name, lambda: csv_by_polars(tool, scratch, options))
    for name, options in CSV_BY_DUCKDB.items():
        report.attempt("CSV by DuckDB, there and back", name, lambda: csv_by_duckdb(tool, scratch, options))
    for name, by in {"Polars": ndjson_by_polars, "DuckDB": ndjson_by_duckdb}.items():
        report.attempt("NDJSON by others, there and back", name, lambda: by(tool, scratch))
    for name, reader in READERS.items():
        report.attempt("CSV and NDJSON by us, read by others", name, lambda: reader(tool, scratch))
    report.finish()


def csv_by_polars(tool: Tool, scratch: Path, options: dict) -> str | None:
    source, target = scratch / "polars.csv", scratch / "polars-back.csv"
    flat().write_csv(source, **options)
    difference = csv_trip(tool, source, target, options.get("separator", ","))
    return difference or seen_by_polars(source, target, options)


def csv_by_duckdb(tool: Tool, scratch: Path, options: str) -> str | None:
    source, target = scratch / "duckdb.csv", scratch / "duckdb-back.csv"
    flat().write_parquet(scratch / "flat.parquet")
    duckdb.sql(f"COPY (FROM '{scratch / 'flat.parquet'}') TO '{source}' (FORMAT csv, HEADER{options})")
    delimiter = "|" if "|" in options else ","
    return csv_trip(tool, source, target, delimiter) or seen_by_duckdb(source, target, delimiter)


def csv_trip(tool: Tool, source: Path, target: Path, delimiter: str) -> str | None:
    """Cells equal as text. The way back writes what the way in read: the same delimiter."""
    xk = target.with_suffix(".xk")
    tool.run("convert", "-f", source, xk)
    tool.run("verify", "--deep", xk)
    tool.run("convert", "-f", xk, target, "--write", f"csv.delimiter={delimiter}")
    strip_mark(source)
    return csv_difference(source, target, delimiter)


def strip_mark(path: Path) -> None:
    """A byte order mark is no cell."""
    path.write_bytes(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))


def seen_by_polars(source: Path, target: Path, options: dict) -> str | None:
    given = {"separator": options.get("separator", ","), "null_values": options.get("null_value")}
    before, after = (pl.read_csv(path, infer_schema_length=None, **given) for path in (source, target))
    return None if before.equals(after) else "Polars sees another table"


def seen_by_duckdb(source: Path, target: Path, delimiter: str) -> str | None:
    given = f"delim='{delimiter}', sample_size=-1"
    tables = [duckdb.sql(f"FROM read_csv('{path}', {given})").to_arrow_table() for path in (source, target)]
    return table_difference(*tables)


def ndjson_by_polars(tool: Tool, scratch: Path) -> str | None:
    source, target = scratch / "polars.ndjson", scratch / "polars-back.ndjson"
    nested().write_ndjson(source)
    tool.through_xk(source, target)
    return ndjson_difference(source.read_text(), target.read_text())


def ndjson_by_duckdb(tool: Tool, scratch: Path) -> str | None:
    source, target = scratch / "duckdb.ndjson", scratch / "duckdb-back.ndjson"
    nested().write_parquet(scratch / "nested.parquet")
    duckdb.sql(f"COPY (FROM '{scratch / 'nested.parquet'}') TO '{source}' (FORMAT json)")
    tool.through_xk(source, target)
    return ndjson_difference(source.read_text(), target.read_text())


def ours(tool: Tool, scratch: Path, frame: pl.DataFrame, extension: str) -> Path:
    """`frame` as a text file of ours: Parquet by Polars, through the container."""
    source, target = scratch / "typed.parquet", scratch / f"typed.{extension}"
    frame.write_parquet(source)
    tool.through_xk(source, target)
    return target


def our_csv_in_polars(tool: Tool, scratch: Path) -> str | None:
    frame = flat()
    target = ours(tool, scratch, frame, "csv")
    found = pl.read_csv(target, schema_overrides={**frame.schema, "at": pl.String})
    found = found.with_columns(pl.col("at").str.to_datetime(time_unit="us", time_zone="UTC"))
    return frame_difference(frame, found)


def our_csv_in_duckdb(tool: Tool, scratch: Path) -> str | None:
    frame = flat()
    target = ours(tool, scratch, frame, "csv")
    described = duckdb.sql(f"DESCRIBE FROM read_parquet('{scratch / 'typed.parquet'}')").fetchall()
    types = ", ".join(f"'{name}': '{kind}'" for name, kind, *_ in described)
    expected = duckdb.sql(f"FROM read_parquet('{scratch / 'typed.parquet'}')").to_arrow_table()
    found = duckdb.sql(f"FROM read_csv('{target}', header=true, columns={{{types}}})").to_arrow_table()
    return table_difference(expected, found)


def our_ndjson_in_polars(tool: Tool, scratch: Path) -> str | None:
    frame = nested()
    return frame_difference(frame, pl.read_ndjson(ours(tool, scratch, frame, "ndjson"), schema=frame.schema))


def our_ndjson_in_duckdb(tool: Tool, scratch: Path) -> str | None:
    frame = nested()
    target = ours(tool, scratch, frame, "ndjson")
    described = duckdb.sql(f"DESCRIBE FROM read_parquet('{scratch / 'typed.parquet'}')").fetchall()
    types = ", ".join(f"'{name}': '{kind}'" for name, kind, *_ in described)
    expected = duckdb.sql(f"FROM read_parquet('{scratch / 'typed.parquet'}')").to_arrow_table()
    found = duckdb.sql(f"FROM read_json('{target}', format='newline_delimited', columns={{{types}}})").to_arrow_table()
    return table_difference(expected, found)


READERS = {
    "CSV, Polars": our_csv_in_polars,
    "CSV, DuckDB": our_csv_in_duckdb,
    "NDJSON, Polars": our_ndjson_in_polars,
    "NDJSON, DuckDB": our_ndjson_in_duckdb,
}


def frame_difference(expected: pl.DataFrame, found: pl.DataFrame) -> str | None:
    if expected.schema != found.schema:
        return f"{expected.schema} became {found.schema}"
    for name in expected.columns:
        before, after = expected[name], found[name]
        if not before.equals(after, null_equal=True):
            at = next(i for i, (a, b) in enumerate(zip(before, after)) if not same(a, b))
            return f"{name}, row {at}: {before[at]!r} became {after[at]!r}"
    return None


def same(a: object, b: object) -> bool:
    both_nan = isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b)
    return both_nan or repr(a) == repr(b)


if __name__ == "__main__":
    main()
