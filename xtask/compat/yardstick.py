"""The checks check themselves first: what differs by one bit, null, name or unit must be told apart."""

import math

import pyarrow as pa

import cases
from documents import ndjson_difference
from equal import table_difference
from tool import Report, arguments

LIST, MAP = pa.list_(pa.int64()), pa.map_(pa.string(), pa.int64())
POINT = pa.struct([("x", pa.int64())])
UNEQUAL_ARRAYS = {
    "the sign of zero": (pa.array([0.0]), pa.array([-0.0])),
    "the payload of a NaN": (pa.array([math.nan]), pa.array([cases.ODD_NAN])),
    "the sign of zero in a list": (pa.array([[0.0]]), pa.array([[-0.0]])),
    "a null and a zero": (pa.array([None], pa.int64()), pa.array([0])),
    "where a list ends": (pa.array([[1], [2, 3]]), pa.array([[1, 2], [3]])),
    "an empty list and a null": (pa.array([[]], LIST), pa.array([None], LIST)),
    "which row has the entry": (pa.array([[("a", 1)], []], MAP), pa.array([[], [("a", 1)]], MAP)),
    "a null struct and one of nulls": (pa.array([None], POINT), pa.array([{"x": None}], POINT)),
    "the unit": (pa.array([1], pa.timestamp("ms")), pa.array([1], pa.timestamp("us"))),
    "the zone": (pa.array([1], pa.timestamp("ms", "UTC")), pa.array([1], pa.timestamp("ms", "+00:00"))),
    "the width": (pa.array([1], pa.int32()), pa.array([1], pa.int64())),
    "a dictionary": (pa.array(["a"]).dictionary_encode(), pa.array(["a"])),
    "the order": (pa.array([1, 2]), pa.array([2, 1])),
    "the last row": (pa.array([1, 2]), pa.array([1])),
}
UNEQUAL_SCHEMAS = {
    "the name": (pa.field("a", pa.int8()), pa.field("b", pa.int8())),
    "nullability": (pa.field("a", pa.int8()), pa.field("a", pa.int8(), nullable=False)),
    "nullability inside": (
        pa.field("a", pa.list_(pa.field("item", pa.int8()))),
        pa.field("a", pa.list_(pa.field("item", pa.int8(), nullable=False))),
    ),
    "metadata": (pa.field("a", pa.int8(), metadata={"k": "v"}), pa.field("a", pa.int8(), metadata={"k": "w"})),
}
UNEQUAL_DOCUMENTS = {
    "a digit beyond a double": ('{"a":9007199254740993}', '{"a":9007199254740992}'),
    "the sign of zero": ('{"a":-0.0}', '{"a":0.0}'),
    "text and number": ('{"a":1}', '{"a":"1"}'),
    "true and one": ('{"a":true}', '{"a":1}'),
    "an empty list and a null": ('{"a":[]}', '{"a":null}'),
    "a missing row": ('{"a":1}\n{"a":2}', '{"a":1}'),
}
EQUAL_DOCUMENTS = {
    "absent and null": ('{"a":null,"b":1}', '{"b":1}'),
    "spelling": ('{"a":1.50,"b":1e2}', '{ "b": 100, "a": 1.5 }'),
}


def main() -> None:
    arguments(__doc__).parse_args()
    report = Report()
    for name, (a, b) in UNEQUAL_ARRAYS.items():
        tell_apart(report, name, table_difference(pa.table({"a": a}), pa.table({"a": b})))
    for name, (a, b) in UNEQUAL_SCHEMAS.items():
        tables = [pa.table([pa.array([], field.type)], schema=pa.schema([field])) for field in (a, b)]
        tell_apart(report, name, table_difference(*tables))
    for name, (a, b) in UNEQUAL_DOCUMENTS.items():
        tell_apart(report, name, ndjson_difference(a, b))
    for name, (a, b) in EQUAL_DOCUMENTS.items():
        report.check("the yardstick takes as equal", name, ndjson_difference(a, b))
    for name, table in cases.all_cases().items():
        halves = [table.slice(0, table.num_rows // 2), table.slice(table.num_rows // 2)]
        report.check("the yardstick takes as equal", name, table_difference(table, pa.concat_tables(halves)))
    report.finish()


def tell_apart(report: Report, name: str, difference: str | None) -> None:
    report.check("the yardstick tells apart", name, None if difference else "it was taken as equal")


if __name__ == "__main__":
    main()
