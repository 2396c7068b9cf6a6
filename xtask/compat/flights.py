"""The flights table for `cargo xtask acceptance`: unpacked, compared, and given to pyarrow and DuckDB."""

import csv
import gzip
import resource
import shutil
import sys
import time
from itertools import zip_longest
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from equal import values_difference


def unpack(packed: Path, target: Path) -> None:
    with gzip.open(packed) as source, target.open("wb") as out:
        shutil.copyfileobj(source, out)


def compare(original: Path, back: Path, parquet: Path) -> None:
    print(f"CSV -> .xk -> CSV, cell for cell as text: {compare_cells(original, back)}")
    print(f"CSV -> .xk -> CSV, file for file: {'equal' if same_bytes(original, back) else 'spelt otherwise'}")
    print(f"CSV -> .xk -> Parquet, pyarrow: {compare_in_pyarrow(original, parquet)}")
    print(f"CSV -> .xk -> Parquet, DuckDB: {compare_in_duckdb(original, parquet)}")


def compare_cells(original: Path, back: Path) -> str:
    rows = cells = 0
    with original.open(newline="") as a, back.open(newline="") as b:
        for rows, (before, after) in enumerate(zip_longest(csv.reader(a), csv.reader(b))):
            if before != after:
                sys.exit(f"row {rows} (0 is the header): {before} became {after}")
            cells += len(before) if rows else 0
    return f"equal, {rows} rows, {cells} cells"


def same_bytes(a: Path, b: Path) -> bool:
    return a.read_bytes() == b.read_bytes()


def compare_in_pyarrow(original: Path, parquet: Path) -> str:
    options = pacsv.ConvertOptions(null_values=["NA"], strings_can_be_null=True)
    expected, found = pacsv.read_csv(original, convert_options=options), pq.read_table(parquet)
    if expected.column_names != found.column_names:
        sys.exit(f"columns {expected.column_names} became {found.column_names}")
    difference = values_difference(expected, found.cast(like(expected.schema, found.schema)))
    if difference:
        sys.exit(f"pyarrow: {difference}")
    return f"equal, {found.num_rows} rows"


def like(expected: pa.Schema, found: pa.Schema) -> pa.Schema:
    """The types of `expected` with the nullability of `found`. A cast that lost anything would fail."""
    return pa.schema([f.with_type(e.type) for e, f in zip(expected, found)])


def compare_in_duckdb(original: Path, parquet: Path) -> str:
    """Row by row in order: both get their row number, and neither may have a row the other lacks."""
    counts = duckdb.sql(
        f"""WITH theirs AS (SELECT *, row_number() OVER () AS row FROM {duckdb_csv(original)}),
                 ours AS (SELECT *, row_number() OVER () AS row FROM read_parquet('{parquet}'))
            SELECT (SELECT count(*) FROM ours), (SELECT count(*) FROM theirs),
                   (SELECT count(*) FROM (FROM ours EXCEPT ALL FROM theirs)),
                   (SELECT count(*) FROM (FROM theirs EXCEPT ALL FROM ours))"""
    ).fetchall()[0]
    if counts[0] != counts[1] or counts[2] or counts[3]:
        sys.exit(f"DuckDB: rows of ours, theirs, only in ours, only in theirs: {counts}")
    return f"equal, {counts[0]} rows"


def duckdb_csv(path: Path) -> str:
    # The whole file is sampled, so that DuckDB's types are right rather than likely.
    return f"read_csv('{path}', nullstr='NA', sample_size=-1)"


def sizes(original: Path, xk: Path, parquet: Path) -> None:
    theirs = parquet.with_name("pyarrow-zstd.parquet")
    pq.write_table(pacsv.read_csv(original), theirs, compression="zstd")
    typed = parquet.with_name("pyarrow-zstd-typed.parquet")
    options = pacsv.ConvertOptions(null_values=["NA"], strings_can_be_null=True)
    pq.write_table(pacsv.read_csv(original, convert_options=options), typed, compression="zstd")
    print("\nbytes")
    rows = [
        ("CSV", original),
        (".xk", xk),
        ("Parquet, pyarrow, zstd, all defaults", theirs),
        ("Parquet, pyarrow, zstd, NA as null everywhere", typed),
        ("Parquet, ours", parquet),
    ]
    reference = theirs.stat().st_size
    for name, path in rows:
        print(f"{name:<50} {path.stat().st_size:>11} {path.stat().st_size / reference:>7.3f}")


def copy_in_duckdb(original: Path, parquet: Path) -> None:
    """Prints elapsed seconds, processor seconds and peak bytes of the COPY. Types from DuckDB's default sample."""
    connection = duckdb.connect(config={"threads": 1})
    wall, processor = time.perf_counter(), time.process_time()
    source = f"read_csv('{original}', nullstr='NA')"
    connection.execute(f"COPY (FROM {source}) TO '{parquet}' (FORMAT parquet, COMPRESSION zstd)")
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(wall, processor, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


COMMANDS = {"unpack": unpack, "compare": compare, "sizes": sizes, "duckdb": copy_in_duckdb}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*map(Path, sys.argv[2:]))
