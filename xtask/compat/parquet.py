"""Parquet of pyarrow and DuckDB through the container and back; Parquet of ours in their hands."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

import cases
from equal import table_difference
from tool import Failure, Report, Tool, arguments, clean_directory

# Codecs, page versions and row groups that a reader meets in the wild.
PYARROW_OPTIONS = {
    "snappy": {},
    "zstd, pages v2": {"compression": "zstd", "data_page_version": "2.0"},
    "gzip, small groups": {"compression": "gzip", "row_group_size": 2},
    "plain, page checksums": {"compression": "none", "use_dictionary": False, "write_page_checksum": True},
    "lz4": {"compression": "lz4"},
    "brotli": {"compression": "brotli"},
    "no Arrow schema": {"store_schema": False},
}
DUCKDB_TABLE = """
    SELECT i::TINYINT t, i::UINTEGER u, i::HUGEINT % 7 = 0 b, (i * 1.5)::FLOAT f, i / 3.0 d,
        (i - 5)::DECIMAL(5, 2) d5, (i - 5)::DECIMAL(16, 3) d16, (i * 1000003)::DECIMAL(30, 6) d30,
        'row ' || i s, CASE WHEN i % 3 = 0 THEN NULL ELSE '🦀' || i END n, 'x'::BLOB blob,
        DATE '2013-01-01' + i::INTEGER date, TIMESTAMP '2013-01-01 00:00:00.000001' + i * INTERVAL 1 MINUTE ts,
        TIMESTAMPTZ '2013-01-01 00:00:00+00' + i * INTERVAL 1 HOUR tz, TIMESTAMP_MS '2013-01-01 00:00:00.001' ms,
        TIMESTAMP_NS '2013-01-01 00:00:00.000000001' ns, TIME '12:34:56.789' t64,
        [i, NULL, i + 1] l, {'a': i, 'b': ['x', NULL]} st, MAP {'k' || i: i} m,
        (CASE WHEN i % 2 = 0 THEN 'even' ELSE 'odd' END)::ENUM ('even', 'odd') e
    FROM range(1000) r(i0), LATERAL (SELECT i0 % 100 i) ORDER BY i0
"""


def main() -> None:
    given = arguments(__doc__).parse_args()
    tool, report = Tool(given.exportkit), Report()
    scratch = clean_directory(given.scratch / "parquet")
    for name, table in cases.all_cases().items():
        report.attempt("pyarrow to us and back, in pyarrow", name, lambda: pyarrow_trip(tool, scratch, table, {}))
        report.attempt("the same, in DuckDB", name, lambda: same_in_duckdb(scratch))
    for name, options in PYARROW_OPTIONS.items():
        for case in ("integers", "nested", "texts"):
            table = cases.FULL[case]()
            work = lambda: pyarrow_trip(tool, scratch, table, options)  # noqa: E731
            report.attempt("kinds of Parquet by pyarrow", f"{name}: {case}", work)
    report.attempt("DuckDB to us and back", "all its types", lambda: duckdb_trip(tool, scratch))
    report.attempt("ours from CSV, in pyarrow and DuckDB", "flat types", lambda: from_csv(tool, scratch))
    report.finish()


def pyarrow_trip(tool: Tool, scratch: Path, table: pa.Table, options: dict) -> str | None:
    source, target = scratch / "source.parquet", scratch / "target.parquet"
    target.unlink(missing_ok=True)
    pq.write_table(table, source, **options)
    tool.through_xk(source, target)
    # What pyarrow itself makes of the source: it stores seconds as milliseconds, say.
    return table_difference(pq.read_table(source), pq.read_table(target))


def same_in_duckdb(scratch: Path) -> str | None:
    source, target = scratch / "source.parquet", scratch / "target.parquet"
    if not target.exists():
        return "there is no file to compare"
    return duckdb_difference(source, target)


def duckdb_difference(source: Path, target: Path) -> str | None:
    """The first difference that DuckDB sees, types and order of rows included."""
    described = [duckdb.sql(f"DESCRIBE FROM read_parquet('{path}')").fetchall() for path in (source, target)]
    if described[0] != described[1]:
        before, after = next((a, b) for a, b in zip(*described) if a != b)
        return f"DuckDB sees {before} become {after}"
    tables = [duckdb.sql(f"FROM read_parquet('{path}')").to_arrow_table() for path in (source, target)]
    return table_difference(*tables)


def duckdb_trip(tool: Tool, scratch: Path) -> str | None:
    source, target = scratch / "duckdb.parquet", scratch / "duckdb-back.parquet"
    duckdb.sql(f"COPY ({DUCKDB_TABLE}) TO '{source}' (FORMAT parquet, ROW_GROUP_SIZE 300)")
    tool.through_xk(source, target)
    return duckdb_difference(source, target) or table_difference(pq.read_table(source), pq.read_table(target))


def from_csv(tool: Tool, scratch: Path) -> str | None:
    """A CSV that we type as everybody does must be the same table for all three."""
    source, target = scratch / "flat.csv", scratch / "flat.parquet"
    lines = ["i,f,b,s,date,ts"]
    for i in range(5_000):
        day, moment = f"2013-01-{i % 28 + 1:02}", f"2013-01-01T{i % 24:02}:00:00Z"
        lines.append(f"{i},{i}.5,{'true' if i % 2 else 'false'},word {i},{day},{moment}")
    lines.append(",,,,,")
    source.write_text("\n".join(lines) + "\n")
    tool.through_xk(source, target)
    by_pyarrow = csv.read_csv(source, convert_options=csv.ConvertOptions(strings_can_be_null=True))
    found = pq.read_table(target)
    difference = table_difference(by_pyarrow.cast(widest(found.schema)), found.cast(widest(found.schema)))
    if difference:
        return f"pyarrow: {difference}"
    counts = duckdb.sql(
        f"""WITH ours AS (SELECT * REPLACE (ts::TIMESTAMPTZ AS ts) FROM read_parquet('{target}')),
                 theirs AS (SELECT * REPLACE (ts::TIMESTAMPTZ AS ts) FROM read_csv('{source}'))
            SELECT (SELECT count(*) FROM (FROM ours EXCEPT ALL FROM theirs)),
                   (SELECT count(*) FROM (FROM theirs EXCEPT ALL FROM ours))"""
    ).fetchall()[0]
    return None if counts == (0, 0) else f"DuckDB: {counts} rows differ"


def widest(schema: pa.Schema) -> pa.Schema:
    """Units and nullability apart, which is what CSV cannot say."""
    def kind(data_type: pa.DataType) -> pa.DataType:
        if pa.types.is_timestamp(data_type):
            return pa.timestamp("ns", "UTC")
        return pa.string() if pa.types.is_large_string(data_type) else data_type

    return pa.schema([pa.field(field.name, kind(field.type)) for field in schema])


if __name__ == "__main__":
    main()
