"""Rivals that are at hand from Python, on the tables that export-compare handed over.

Prints a line of JSON for each table and contender, in the form of export_benches::measured::Speed. Times are CPU times of
the process, all of its threads included; files are in the directory given, best one in memory. What was written is read
back and compared, outside of the timed part.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import time
from pathlib import Path

# Both are read when their packages are loaded.
os.environ["POLARS_MAX_THREADS"] = "1"
os.environ["LANCE_CPU_THREADS"] = "1"

import duckdb
import lance
import polars
import pyarrow
import vortex


class Vortex:
    def __init__(self, name, options):
        self.name = name
        self.options = options

    def write(self, table, path):
        self.options.write(table.to_reader(), str(path))

    def read(self, path):
        return vortex.open(str(path), without_segment_cache=True).to_arrow().read_all()


class Lance:
    name = "lance"

    def write(self, table, path):
        lance.write_dataset(table, str(path))

    def read(self, path):
        return lance.dataset(str(path)).to_table()


class DuckDb:
    """Its own database file."""

    name = "duckdb"

    def write(self, table, path):
        with self.connect(path) as connection:
            connection.register("given", table)
            connection.execute("create table rows as select * from given")

    def read(self, path):
        with self.connect(path) as connection:
            return connection.sql("from rows").to_arrow_table()

    @staticmethod
    def connect(path):
        return duckdb.connect(str(path), config={"threads": 1})


class DuckDbParquet(DuckDb):
    name = "duckdb parquet zstd1"

    def write(self, table, path):
        with self.connect(":memory:") as connection:
            connection.register("given", table)
            options = "(format parquet, compression zstd, compression_level 1)"
            connection.execute(f"copy given to '{path}' {options}")

    def read(self, path):
        with self.connect(":memory:") as connection:
            return connection.read_parquet(str(path)).to_arrow_table()


class Polars:
    name = "polars parquet zstd1"

    def write(self, table, path):
        frame = polars.from_arrow(table, rechunk=False)
        frame.write_parquet(path, compression="zstd", compression_level=1)

    def read(self, path):
        return polars.read_parquet(path).to_arrow()


CONTENDERS = [
    Vortex("vortex", vortex.io.VortexWriteOptions.default()),
    Vortex("vortex compact", vortex.io.VortexWriteOptions.compact()),
    Lance(),
    DuckDb(),
    DuckDbParquet(),
    Polars(),
]


def size(path):
    if path.is_dir():
        return sum(part.stat().st_size for part in path.rglob("*") if part.is_file())
    return path.stat().st_size


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def timed(work):
    start = time.process_time()
    made = work()
    return time.process_time() - start, made


def check(read, table):
    """Rows, whatever the widths of offsets and the names of list items."""
    same = read.cast(table.schema).combine_chunks().equals(table.combine_chunks())
    if not same:
        raise ValueError("other rows came back")


def measure(contender, table, path, runs):
    writes, reads = [], []
    for run in range(runs):
        remove(path)
        seconds, _ = timed(lambda: contender.write(table, path))
        writes.append(seconds)
        seconds, read = timed(lambda: contender.read(path))
        reads.append(seconds)
        if run == 0:
            check(read, table)
        del read
    stored = size(path)
    remove(path)
    return statistics.median_low(writes), statistics.median_low(reads), stored


def tables(directory):
    for path in sorted(directory.glob("*.arrow")):
        with pyarrow.ipc.open_file(pyarrow.OSFile(str(path))) as reader:
            yield path.stem, reader.read_all()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    pyarrow.set_cpu_count(1)
    vortex.set_worker_threads(1)
    failed = False
    for name, table in tables(arguments.tables):
        for contender in CONTENDERS:
            path = arguments.scratch / f"rival.{contender.name.split()[0]}"
            try:
                write, read, stored = measure(contender, table, path, arguments.runs)
            except Exception as error:
                failed = True
                remove(path)
                print(f"{name} with {contender.name}: {error}", file=sys.stderr)
                continue
            figures = {
                "from": "tables",
                "table": name,
                "contender": contender.name,
                "rows": table.num_rows,
                "memory_bytes": table.nbytes,
                "stored_bytes": stored,
                "write_seconds": write,
                "read_seconds": read,
            }
            print(json.dumps(figures), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
