"""HDF5 and SQLite for `cargo xtask chaos --rivals`: writes files and reads damaged ones, as somebody who uses them would.

`worker.py NAME TABLE` reads commands from standard input, one a line, and answers each with a line of JSON: `write PATH`, `read PATH`,
`record PATH`. benches/compare/src/rivals/main.rs speaks the same for rivals in Rust.
"""

import json
import os
import resource
import sqlite3
import sys

FILE_ROWS = 2048
CHUNK_ROWS = 64
NAMES = ("row", "level", "size", "name")


class Seen:
    """What a reader yields, held against the table."""

    def __init__(self, table):
        self.table, self.next, self.right, self.wrong = table, 0, 0, 0

    def take(self, row):
        number = row[0]
        known = isinstance(number, int) and self.next <= number < len(self.table)
        if known and row == self.table[number]:
            self.right += 1
            self.next = number + 1
        else:
            self.wrong += 1


class Hdf5:
    """A dataset a column, in chunks, all else as it comes."""

    def __init__(self, checksums):
        self.checksums = checksums

    def create(self, path):
        import h5py

        self.file = h5py.File(path, "w")
        types = ("u8", "f8", "i4", h5py.string_dtype())
        self.columns = [
            self.file.create_dataset(
                name, shape=(0,), maxshape=(None,), dtype=kind, chunks=(CHUNK_ROWS,), fletcher32=checked
            )
            # The library refuses checksums on strings of any length.
            for name, kind in zip(NAMES, types)
            for checked in [self.checksums and name != "name"]
        ]

    def chunk(self, rows):
        for column, values in zip(self.columns, zip(*rows)):
            start = column.shape[0]
            column.resize((start + len(rows),))
            column[start:] = values
        self.file.flush()

    def finish(self):
        self.file.close()

    def read(self, path, seen):
        import h5py

        with h5py.File(path, "r") as file:
            columns = [file[name][:].tolist() for name in NAMES[:3]]
            names = [name.decode() for name in file["name"][:].tolist()]
        for row in zip(*columns, names, strict=True):
            seen.take(row)


class Sqlite:
    """A table in WAL mode, a transaction a chunk. What `integrity_check` finds counts as found."""

    def create(self, path):
        for name in (path, path + "-wal", path + "-shm"):
            if os.path.exists(name):
                os.remove(name)
        self.file = sqlite3.connect(path, isolation_level=None)
        self.file.execute("PRAGMA journal_mode=WAL")
        self.file.execute("CREATE TABLE rows (row INTEGER PRIMARY KEY, level REAL, size INTEGER, name TEXT)")

    def chunk(self, rows):
        self.file.execute("BEGIN")
        self.file.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", rows)
        self.file.execute("COMMIT")

    def finish(self):
        self.file.close()

    def read(self, path, seen):
        file = sqlite3.connect(path)
        try:
            for row in file.execute("SELECT row, level, size, name FROM rows ORDER BY row"):
                seen.take(row)
            found = [text for (text,) in file.execute("PRAGMA integrity_check")]
            if found != ["ok"]:
                raise sqlite3.DatabaseError(found[0])
        finally:
            file.close()


RIVALS = {"hdf5": lambda: Hdf5(False), "hdf5-fletcher32": lambda: Hdf5(True), "sqlite": Sqlite}


def answer(**what):
    print(json.dumps(what), flush=True)


def main():
    # A length that is believed must not take the machine with it.
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    rival = RIVALS[sys.argv[1]]()
    with open(sys.argv[2], encoding="utf-8") as lines:
        table = [tuple(json.loads(line)[name] for name in NAMES) for line in lines]
    for line in sys.stdin:
        command, path = line.rstrip("\n").split(" ", 1)
        if command == "read":
            seen, error = Seen(table), None
            try:
                rival.read(path, seen)
            except Exception as caught:  # Whatever it is, it is the reader's answer.
                error = f"{type(caught).__name__}: {caught}"
            answer(right=seen.right, wrong=seen.wrong, error=error, panicked=False)
            continue
        rows = table[:FILE_ROWS] if command == "write" else table
        rival.create(path)
        for start in range(0, len(rows), CHUNK_ROWS):
            rival.chunk(rows[start : start + CHUNK_ROWS])
            if command == "record":
                answer(rows=start + CHUNK_ROWS)
        rival.finish()
        if command == "write":
            answer(rows=FILE_ROWS)


main()
