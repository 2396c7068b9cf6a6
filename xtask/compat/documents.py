"""Equality of NDJSON and CSV by what they say, not by how they are spaced."""

import csv
import json
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path


def read_ndjson(text: str) -> list:
    """One document a line, numbers exact."""
    parse = lambda line: json.loads(line, parse_float=Decimal, parse_int=Decimal)  # noqa: E731
    return [parse(line) for line in text.splitlines() if line.strip()]


def ndjson_difference(expected: str, found: str) -> str | None:
    """The first row that differs, or None. A field that is null and one that is absent say the same."""
    for number, (a, b) in enumerate(zip_longest(read_ndjson(expected), read_ndjson(found))):
        where = value_difference(a, b, f"row {number}")
        if where:
            return where
    return None


def value_difference(a: object, b: object, where: str) -> str | None:
    if isinstance(a, dict) and isinstance(b, dict):
        keys = list(dict.fromkeys([*a, *b]))
        parts = ((a.get(key), b.get(key), f"{where}.{key}") for key in keys)
        return next((d for d in (value_difference(*part) for part in parts) if d), None)
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        parts = ((x, y, f"{where}[{i}]") for i, (x, y) in enumerate(zip(a, b)))
        return next((d for d in (value_difference(*part) for part in parts) if d), None)
    same = type(a) is type(b) and a == b
    if same and isinstance(a, Decimal):
        same = a.is_signed() == b.is_signed()
    return None if same else f"{where}: {a!r} became {b!r}"


def csv_difference(expected: Path, found: Path, delimiter: str = ",") -> str | None:
    """The first row whose cells differ as text, or None. Quotes and line ends are spelling."""
    with expected.open(newline="") as a, found.open(newline="") as b:
        rows = zip_longest(csv.reader(a, delimiter=delimiter), csv.reader(b, delimiter=delimiter))
        for number, (before, after) in enumerate(rows):
            if before != after:
                return f"row {number} (0 is the header): {before} became {after}"
    return None
