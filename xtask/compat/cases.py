"""Tables that hold every type a Parquet file keeps, and the values that get lost first."""

import datetime
import decimal
import math
import struct

import pyarrow as pa

I64_MIN, I64_MAX, U64_MAX = -(2**63), 2**63 - 1, 2**64 - 1
# A NaN with a payload and the sign bit set: only its bits tell it from another.
ODD_NAN = struct.unpack("<d", struct.pack("<Q", 0xFFF8_0000_0000_BEEF))[0]
FLOATS = [0.0, -0.0, math.nan, ODD_NAN, math.inf, -math.inf, 5e-324, 1.7976931348623157e308, 0.1, None]
DAY = datetime.date(2013, 1, 1)


def integers() -> pa.Table:
    columns = {}
    for bits in (8, 16, 32, 64):
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        columns[f"i{bits}"] = pa.array([low, high, 0, -1, None], pa.type_for_alias(f"int{bits}"))
        columns[f"u{bits}"] = pa.array([0, 2**bits - 1, 1, 2, None], pa.type_for_alias(f"uint{bits}"))
    return pa.table(columns)


def floats() -> pa.Table:
    narrow = pa.array([0.0, -0.0, math.nan, math.inf, -math.inf, 6e-8, 65504.0, 0.5, 1.0, None], pa.float16())
    single = pa.array(FLOATS, pa.float32())
    return pa.table({"f16": narrow, "f32": single, "f64": pa.array(FLOATS, pa.float64())})


def texts() -> pa.Table:
    words = ["", "a", "a,b", 'say "no"', "two\nlines", "naïve 🦀", "NA", "null", "00501", "1e5", " 7 ", None]
    blobs = [None if word is None else word.encode() + b"\x00\xff" for word in words]
    return pa.table(
        {
            "string": pa.array(words, pa.string()),
            "large_string": pa.array(words, pa.large_string()),
            "string_view": pa.array(words, pa.string_view()),
            "binary": pa.array(blobs, pa.binary()),
            "large_binary": pa.array(blobs, pa.large_binary()),
            "binary_view": pa.array(blobs, pa.binary_view()),
            "fixed": pa.array([None if b is None else (b + b"12345")[:5] for b in blobs], pa.binary(5)),
        }
    )


def times() -> pa.Table:
    ticks = [0, 1, -1, 1_357_034_400_123, -62_135_596_800_000, None]
    columns = {"date32": pa.array([0, -1, 15_706, 2_932_896, -719_162, None], pa.date32())}
    for unit in ("ms", "us", "ns"):
        for zone in (None, "UTC", "America/New_York", "+05:30"):
            columns[f"timestamp_{unit}_{zone}"] = pa.array(ticks, pa.timestamp(unit, zone))
    for unit in ("s", "ms", "us", "ns"):
        columns[f"duration_{unit}"] = pa.array(ticks, pa.duration(unit))
    columns["time32"] = pa.array([0, 1, 86_399_999, 5, 6, None], pa.time32("ms"))
    columns["time64_us"] = pa.array([0, 1, 86_399_999_999, 5, 6, None], pa.time64("us"))
    columns["time64_ns"] = pa.array([0, 1, 86_399_999_999_999, 5, 6, None], pa.time64("ns"))
    columns["far"] = pa.array([I64_MIN, I64_MAX, 0, 1, 2, None], pa.timestamp("us"))
    return pa.table(columns)


def decimals() -> pa.Table:
    def column(precision: int, scale: int) -> pa.Array:
        most = decimal.Decimal((0, (9,) * precision, -scale))
        with decimal.localcontext(prec=50):
            values = [most, -most, decimal.Decimal(0).scaleb(-scale), None]
            return pa.array(values, pa.decimal128(precision, scale))

    shapes = [(1, 0), (5, 2), (9, 9), (18, 4), (38, 0), (38, 10), (38, 38)]
    return pa.table({f"d{p}_{s}": column(p, s) for p, s in shapes})


def nested() -> pa.Table:
    point = pa.struct([pa.field("x", pa.float64(), nullable=False), pa.field("tags", pa.list_(pa.string()))])
    deep = pa.list_(pa.list_(pa.struct([("a", pa.list_(pa.map_(pa.string(), pa.list_(pa.int8()))))])))
    return pa.table(
        {
            "list": pa.array([[1, None, 3], [], None, [4]], pa.list_(pa.int32())),
            "large_list": pa.array([["a"], None, [], ["", None]], pa.large_list(pa.string())),
            "fixed_list": pa.array([[1.0, -0.0], None, [None, 2.0], [math.nan, 4.0]], pa.list_(pa.float32(), 2)),
            "struct": pa.array(
                [{"x": 1.5, "tags": ["t"]}, None, {"x": -0.0, "tags": None}, {"x": 2.0, "tags": [None, ""]}], point
            ),
            "map": pa.array([[("k", 1), ("l", None)], [], None, [("m", 2)]], pa.map_(pa.string(), pa.int64())),
            "deep": pa.array([[[{"a": [[("k", [1, None])]]}], []], None, [], [[None, {"a": None}]]], deep),
        }
    )


def dictionaries() -> pa.Table:
    words = ["red", "green", None, "red", "", "blue"]
    columns = {}
    for index in (pa.int8(), pa.int16(), pa.int32()):
        columns[f"dictionary_{index}"] = pa.array(words).dictionary_encode().cast(pa.dictionary(index, pa.string()))
    return pa.table(columns)


def booleans_and_nulls() -> pa.Table:
    schema = pa.schema(
        [
            pa.field("bool", pa.bool_()),
            pa.field("required", pa.bool_(), nullable=False),
            pa.field("null", pa.null()),
            pa.field("all_null_int", pa.int64()),
            pa.field("all_null_text", pa.string()),
            pa.field("all_null_list", pa.list_(pa.float64())),
        ]
    )
    columns = [[True, False, None], [True, False, True]] + [[None] * 3] * 4
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema)], schema=schema)


def metadata() -> pa.Table:
    fields = [
        pa.field("id", pa.int64(), nullable=False, metadata={"unit": "none", "exact": "ja, ganz"}),
        pa.field("a column, with \"quotes\" and 🦀", pa.string()),
        pa.field("ID", pa.int32()),
        pa.field("", pa.int8()),
    ]
    schema = pa.schema(fields, metadata={"author": "compat", "empty": "", "text": "two\nlines 🦀"})
    return pa.table([[1, 2], ["x", None], [3, None], [4, None]], schema=schema)


def extensions() -> pa.Table:
    documents = pa.array(['{"a":1}', "null", None], pa.string())
    return pa.table({"json": pa.ExtensionArray.from_storage(pa.json_(), documents)})


FULL = {
    case.__name__: case
    for case in (
        integers, floats, texts, times, decimals, nested, dictionaries, booleans_and_nulls, metadata, extensions,
    )
}  # fmt: skip


def all_cases() -> dict[str, pa.Table]:
    """Every case, and each without rows."""
    cases = {name: case() for name, case in FULL.items()}
    return cases | {f"{name}, no rows": table.slice(0, 0) for name, table in cases.items()}
