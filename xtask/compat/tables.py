"""Random tables of random types through Parquet -> container -> Parquet, equal to the bit in pyarrow."""

import decimal
import random
import struct

import pyarrow as pa
import pyarrow.parquet as pq

from equal import table_difference
from tool import Report, Tool, arguments, clean_directory

DAY_TICKS = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
LETTERS = "abc xyz,;\"'\\\n\t0123NAé🦀\u0000\u200b"


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    tool, report = Tool(given.exportkit), Report()
    scratch = clean_directory(given.scratch / "tables")
    source, target = scratch / "source.parquet", scratch / "target.parquet"

    def trip(seed: int) -> str | None:
        table = random_table(random.Random(seed))
        target.unlink(missing_ok=True)
        pq.write_table(table, source, row_group_size=random.Random(seed).choice([7, 100, 1 << 20]))
        tool.through_xk(source, target)
        return table_difference(pq.read_table(source), pq.read_table(target))

    for seed in range(given.seed, given.seed + given.tables):
        report.attempt("random tables", f"--tables 1 --seed {seed}", lambda: trip(seed))
    report.finish()


def random_table(rng: random.Random) -> pa.Table:
    rows = rng.choice([0, 1, 2, 63, 64, 65, 300, 2_000])
    fields, columns = [], []
    for at in range(rng.randint(1, 8)):
        kind = random_type(rng, depth=rng.choice([0, 0, 1, 2, 3]))
        nulls = rng.choice([0.0, 0.0, 0.1, 0.9, 1.0])
        nullable = nulls > 0 or rng.random() < 0.5
        fields.append(pa.field(f"c{at}", kind, nullable=nullable))
        columns.append(random_array(rng, kind, rows, nulls))
    return pa.table(columns, schema=pa.schema(fields, metadata={"seed": str(rng.random())}))


def random_type(rng: random.Random, depth: int) -> pa.DataType:
    if depth == 0:
        return rng.choice(LEAVES)
    child = random_type(rng, depth - 1)
    nested = [
        pa.list_(child),
        pa.large_list(child),
        pa.list_(child, rng.randint(1, 3)),
        pa.map_(rng.choice([pa.string(), pa.int32()]), child),
        pa.struct([pa.field(f"f{i}", random_type(rng, depth - 1) if i else child) for i in range(rng.randint(1, 3))]),
    ]
    return rng.choice(nested)


UNITS, ZONES = ("ms", "us", "ns"), (None, "UTC", "Europe/Berlin", "-03:00")
LEAVES = [
    *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
    *(pa.float16(), pa.float32(), pa.float64(), pa.bool_(), pa.date32(), pa.time32("ms")),
    *(pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.binary(7)),
    *(pa.timestamp(unit, zone) for unit in UNITS for zone in ZONES),
    *(pa.duration(unit) for unit in ("s", *UNITS)),
    *(pa.time64("us"), pa.time64("ns"), pa.decimal128(9, 2), pa.decimal128(18, 0), pa.decimal128(38, 12)),
]


def random_array(rng: random.Random, kind: pa.DataType, count: int, nulls: float) -> pa.Array:
    if pa.types.is_struct(kind):
        children = [random_array(rng, field.type, count, rng.choice([0.0, nulls])) for field in kind]
        return pa.StructArray.from_arrays(children, fields=list(kind), mask=mask(rng, count, nulls))
    if pa.types.is_fixed_size_list(kind):
        values = random_array(rng, kind.value_type, count * kind.list_size, nulls / 2)
        return pa.FixedSizeListArray.from_arrays(values, type=kind, mask=mask(rng, count, nulls))
    if pa.types.is_map(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return random_lists(rng, kind, count, nulls)
    values = random_values(rng, kind, count)
    return pa.array([None if rng.random() < nulls else value for value in values], storage(kind)).view(kind)


def mask(rng: random.Random, count: int, nulls: float) -> pa.Array:
    return pa.array([rng.random() < nulls for _ in range(count)], pa.bool_())


def random_lists(rng: random.Random, kind: pa.DataType, count: int, nulls: float) -> pa.Array:
    ends, offsets = 0, []
    for _ in range(count):
        null = rng.random() < nulls
        offsets.append(None if null else ends)
        ends += 0 if null else rng.choice([0, 1, 1, 2, 5])
    offsets.append(ends)
    if pa.types.is_map(kind):
        keys = random_array(rng, kind.key_type, ends, 0.0)
        items = random_array(rng, kind.item_type, ends, nulls / 2)
        return pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), keys, items, type=kind)
    values = random_array(rng, kind.value_type, ends, nulls / 2)
    if pa.types.is_large_list(kind):
        return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), values, type=kind)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, type=kind)


def storage(kind: pa.DataType) -> pa.DataType:
    """The integers of a type's width; other types are their own storage."""
    if pa.types.is_decimal(kind) or pa.types.is_boolean(kind):
        return kind
    if pa.types.is_primitive(kind) and not pa.types.is_unsigned_integer(kind):
        return pa.type_for_alias(f"int{kind.bit_width}")
    return kind


def random_values(rng: random.Random, kind: pa.DataType, count: int) -> list:
    """Values as their storage holds them: runs, few distinct ones, small steps, or noise of all bits."""
    draw = drawing(rng, kind)
    shape = rng.choice(["constant", "few", "noise", "noise"])
    if shape == "constant":
        return [draw()] * count
    if shape == "few":
        pool = [draw() for _ in range(4)]
        return [rng.choice(pool) for _ in range(count)]
    if shape == "noise" and pa.types.is_int64(kind) and rng.random() < 0.5:
        start = rng.randint(-(2**60), 2**60)
        return [start + i * 50 + rng.randint(0, 9) for i in range(count)]
    return [draw() for _ in range(count)]


def drawing(rng: random.Random, kind: pa.DataType):
    if pa.types.is_boolean(kind):
        return lambda: rng.random() < 0.5
    if pa.types.is_decimal(kind):
        most = 10**kind.precision - 1
        unscaled = lambda: rng.choice([most, -most, 0, rng.randint(-most, most), rng.randint(-99, 99)])  # noqa: E731
        return lambda: exact(unscaled(), kind.scale)
    if pa.types.is_fixed_size_binary(kind):
        return lambda: rng.randbytes(kind.byte_width)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return lambda: "".join(rng.choices(LETTERS, k=rng.choice([0, 1, 5, 20])))
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return lambda: rng.randbytes(rng.choice([0, 1, 5, 20]))
    if pa.types.is_time(kind):
        return lambda: rng.randrange(DAY_TICKS[kind.unit])
    bits = kind.bit_width
    low, high = (0, 2**bits - 1) if pa.types.is_unsigned_integer(kind) else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if kind == pa.float64() and rng.random() < 0.5:
        return lambda: struct.unpack("<q", struct.pack("<d", round(rng.uniform(-1e6, 1e6), 2)))[0]
    return lambda: rng.choice([low, high, 0, 1, rng.randint(low, high), rng.randint(low, high)])


def exact(unscaled: int, scale: int) -> decimal.Decimal:
    return decimal.Decimal((unscaled < 0, tuple(map(int, str(abs(unscaled)))), -scale))


if __name__ == "__main__":
    main()
