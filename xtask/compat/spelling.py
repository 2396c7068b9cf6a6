"""Values as `exportkit cat --format ndjson` spells them, and values of a narrower schema under a wider one."""

import json
import math
from decimal import Decimal

import numpy

PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
DAY = 86_400
JSON_EXTENSION = ("ARROW:extension:name", "arrow.json")
TEXTS = ("utf8", "large_utf8", "utf8_view")
SEQUENCES = ("list", "large_list", "fixed_size_list")
TIMES = ("date32", "date64", "time32", "time64", "timestamp", "duration")


def json_row(fields: list[dict], values: list) -> str:
    return json_object((field["name"], json_value(field, value)) for field, value in zip(fields, values))


def json_object(members) -> str:
    return "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{value}" for name, value in members) + "}"


def json_value(field: dict, value: object) -> str:
    kind, children = field["type"], field.get("children", [])
    if kind in ("dictionary", "run_end_encoded"):
        return json_value(resolved(field), value)
    if value is None:
        return "null"
    if kind in SEQUENCES:
        return "[" + ",".join(json_value(children[0], element) for element in value) + "]"
    if kind == "struct":
        return json_row(children, value)
    if kind == "map":
        return json_map(children[0]["children"], value)
    if kind == "union":
        variant, value = value
        return json_value(children[variant], value)
    if kind in TEXTS and is_json(field):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'
    if isinstance(value, float) and value == 0 and math.copysign(1, value) < 0:
        return "-0.0"
    text = scalar(field, value)
    is_number = isinstance(value, (bool, float)) or kind == "decimal128" or kind.startswith(("int", "uint")) and kind != "interval"
    return text if is_number else json.dumps(text, ensure_ascii=False)


def json_map(entry: list[dict], pairs: list) -> str:
    key, value = entry
    if resolved(key)["type"] in TEXTS and not is_json(key):
        members = [(json_value(key, k), json_value(value, v)) for k, v in pairs]
        return "{" + ",".join(f"{k}:{v}" for k, v in members) + "}"
    return "[" + ",".join(json_object([("key", json_value(key, k)), ("value", json_value(value, v))]) for k, v in pairs) + "]"


def resolved(field: dict) -> dict:
    """The field of the values that a dictionary or runs stand for."""
    while field["type"] in ("dictionary", "run_end_encoded"):
        field = {**field["children"][1], "metadata": field.get("metadata", {}) | field["children"][1].get("metadata", {})}
    return field


def is_json(field: dict) -> bool:
    key, name = JSON_EXTENSION
    return field.get("metadata", {}).get(key) == name


def scalar(field: dict, value: object, style: str = "") -> str:
    """The text of a scalar. `style` is that of a field's `exportkit:text`."""
    kind, unit, words = field["type"], field.get("unit"), style.split(" ")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"
        shortest = repr(value) if kind == "float64" else str(numpy.format_float_scientific(numpy.float32(value), unique=True))
        return plain(Decimal(shortest)) + (".0" if "point" in words and value == int(value) else "")
    if isinstance(value, bytes):
        return value.hex()
    if kind == "decimal128":
        return format(Decimal(f"{value}E{-field['scale']}"), "f") if value or field["scale"] > 0 else "0"
    if kind == "date32" or kind == "date64" and value % (DAY * 1000) == 0:
        return date(value if kind == "date32" else value // (DAY * 1000))
    if kind in ("timestamp", "date64"):
        return timestamp(value, unit or "ms", "zone" in field, words)
    if kind in ("time32", "time64"):
        return ("-" if value < 0 else "") + clock(abs(value), unit)
    if kind == "duration":
        return ("-" if value < 0 else "") + "PT" + seconds(abs(value), unit)
    if kind == "interval":
        return interval(*value)
    return str(value)


def plain(number: Decimal) -> str:
    """Without an exponent, and without zeros after the point."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def date(days: int) -> str:
    """Years of the proleptic Gregorian calendar; those outside of 0 to 9999 have a sign."""
    era, day_of_era = divmod(days, 146_097)
    # An era of 400 years starts on 1970-01-01, like any other: numpy knows the days of one.
    year, month, day = str(numpy.datetime64(day_of_era, "D")).split("-")
    year = int(year) + 400 * era
    sign = "-" if year < 0 else "+" if year > 9999 else ""
    return f"{sign}{abs(year):04}-{month}-{day}"


def timestamp(value: int, unit: str, instant: bool, words: list[str]) -> str:
    days, rest = divmod(value, DAY * PER_SECOND[unit])
    suffix = next((word for word in ("+00:00", "+0000", "+00") if word in words), "Z") if instant else ""
    return date(days) + (" " if "space" in words else "T") + clock(rest, unit) + suffix


def clock(value: int, unit: str) -> str:
    whole, fraction = divmod(value, PER_SECOND[unit])
    text = f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{text}.{fraction:0{DIGITS[unit]}}" if DIGITS[unit] else text


def seconds(value: int, unit: str) -> str:
    return plain(Decimal(f"{value}E-{DIGITS[unit]}")) + "S"


def interval(months: int, days: int, nanoseconds: int) -> str:
    text = (f"{months}M" if months else "") + (f"{days}D" if days else "")
    if nanoseconds or not text:
        text += "T" + ("-" if nanoseconds < 0 else "") + seconds(abs(nanoseconds), "ns")
    return "P" + text


def widened(value: object, narrow: dict, wide: dict) -> object:
    """A value of the field `narrow` as one of `wide`; the table of widenings is in docs/format/v1.md."""
    style = narrow.get("metadata", {}).get("exportkit:text", "")
    outer, narrow, wide = narrow, resolved(narrow), resolved(wide)
    if value is None or narrow == wide:
        return value
    kind, target = narrow["type"], wide["type"]
    if is_json(wide):
        return value if is_json(narrow) else json_value(outer, value)
    if target in TEXTS:
        return value if kind in TEXTS else scalar(narrow, value, style)
    if target == "struct":
        known = {field["name"]: (field, member) for field, member in zip(narrow["children"], value)}
        absent = ({}, None)
        return [widened(known.get(f["name"], absent)[1], known.get(f["name"], (f,))[0], f) for f in wide["children"]]
    if target in SEQUENCES:
        return [widened(element, narrow["children"][0], wide["children"][0]) for element in value]
    if target == "map":
        (nk, nv), (wk, wv) = narrow["children"][0]["children"], wide["children"][0]["children"]
        return [(widened(k, nk, wk), widened(v, nv, wv)) for k, v in value]
    if target == "union":
        return value
    if target.startswith("float"):
        return float(value)
    if target == "decimal128":
        return value * 10 ** (wide["scale"] - (narrow["scale"] if kind == target else 0))
    if target in TIMES:
        units = {"date32": 1, "date64": DAY * 1000}
        return value * units.get(target, PER_SECOND.get(wide.get("unit"))) // units.get(kind, PER_SECOND.get(narrow.get("unit")))
    return value
