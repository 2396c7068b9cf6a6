"""Equality of Arrow data to the bit: NaN payloads and -0.0 count, what lies under a null does not."""

import pyarrow as pa
import pyarrow.types as types

BITS = {16: pa.uint16(), 32: pa.uint32(), 64: pa.uint64()}
VIEWS = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
# Keys that a Parquet file or the tool itself adds on the way.
ADDED_FIELD_KEYS = (b"PARQUET:", b"exportkit:")


def table_difference(expected: pa.Table, found: pa.Table) -> str | None:
    """The first difference of schema, metadata or values, or None."""
    difference = schema_difference(expected.schema, found.schema)
    if difference is None and expected.num_rows != found.num_rows:
        difference = f"{expected.num_rows} rows became {found.num_rows}"
    return difference or values_difference(expected, found)


def schema_difference(expected: pa.Schema, found: pa.Schema) -> str | None:
    if expected.names != found.names:
        return f"columns {expected.names} became {found.names}"
    for before, after in zip(expected, found):
        if not before.equals(after):
            return f"field {before} became {after}"
        missing = kept_metadata(before.metadata) - kept_metadata(after.metadata)
        if missing:
            return f"metadata of field {before.name}: lost or changed {sorted(missing)}"
    missing = kept_metadata(expected.metadata) - kept_metadata(found.metadata)
    return f"metadata: lost or changed {sorted(missing)}" if missing else None


def kept_metadata(metadata: dict[bytes, bytes] | None) -> set[tuple[bytes, bytes]]:
    return {(k, v) for k, v in (metadata or {}).items() if not k.startswith(ADDED_FIELD_KEYS)}


def values_difference(expected: pa.Table, found: pa.Table) -> str | None:
    for name, before, after in zip(expected.column_names, expected.columns, found.columns):
        difference = array_difference(whole(before), whole(after))
        if difference:
            return f"column {name}: {difference}"
    return None


def whole(column: pa.ChunkedArray) -> pa.Array:
    """One array of a column's chunks; dictionaries resolved, for their order is no value."""
    chunks = [plain(chunk) for chunk in column.chunks]
    return pa.concat_arrays(chunks) if chunks else plain(pa.nulls(0, column.type))


def plain(array: pa.Array) -> pa.Array:
    array = array.storage if isinstance(array, pa.ExtensionArray) else array
    return array.dictionary_decode() if types.is_dictionary(array.type) else array


def array_difference(a: pa.Array, b: pa.Array) -> str | None:
    """The first difference of two arrays, which may differ in how they are chunked or where they start."""
    a, b = plain(a), plain(b)
    if not a.type.equals(b.type):
        return f"{a.type} became {b.type}"
    if len(a) != len(b):
        return f"{len(a)} values became {len(b)}"
    if not a.is_valid().equals(b.is_valid()):
        return f"nulls moved: {a.null_count} became {b.null_count}"
    if a.type in VIEWS:  # pyarrow cannot filter views
        a, b = a.cast(VIEWS[a.type]), b.cast(VIEWS[b.type])
    a, b = a.filter(a.is_valid()), b.filter(b.is_valid())
    kind = a.type
    if types.is_floating(kind):
        a, b = a.view(BITS[kind.bit_width]), b.view(BITS[kind.bit_width])
    elif types.is_map(kind):
        return parts_difference([(lengths(a), lengths(b)), (a.keys, b.keys), (a.items, b.items)])
    elif types.is_list(kind) or types.is_large_list(kind):
        return parts_difference([(a.value_lengths(), b.value_lengths()), (a.flatten(), b.flatten())])
    elif types.is_fixed_size_list(kind):
        return array_difference(a.flatten(), b.flatten())
    elif types.is_struct(kind):
        return parts_difference(list(zip(a.flatten(), b.flatten())))
    if a.equals(b):
        return None
    at = next(i for i, (x, y) in enumerate(zip(a, b)) if not x.equals(y))
    return f"value {at} (nulls not counted) {a[at]} became {b[at]}"


def lengths(maps: pa.MapArray) -> pa.Array:
    return pa.array([len(entry) for entry in maps], pa.int64())


def parts_difference(parts: list[tuple[pa.Array, pa.Array]]) -> str | None:
    return next((d for d in (array_difference(a, b) for a, b in parts) if d), None)
