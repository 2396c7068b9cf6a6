"""From the blocks of a column to its values, as docs/format/encodings.md says."""

import struct
import zlib
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate, pairwise

import brotli
import lz4.block
import numpy
import zstandard
from pcodec import wrapped as pco

VALIDITY, VALUES, LENGTHS, DATA, CODES, TYPE_IDS, OFFSETS = range(7)
SIGNED = {"int8": 1, "int16": 2, "int32": 4, "int64": 8, "date32": 4, "time32": 4, "date64": 8, "time64": 8, "timestamp": 8}
SIGNED |= {"duration": 8, "decimal128": 16}
UNSIGNED = {"uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8}
FLOATS = {"float16": (2, "<e"), "float32": (4, "<f"), "float64": (8, "<d")}
INTERVALS = {"year_month": (4, "<i"), "day_time": (8, "<ii"), "month_day_nano": (16, "<iiq")}
STRINGS = {"utf8": 4, "binary": 4, "utf8_view": 4, "binary_view": 4, "large_utf8": 8, "large_binary": 8}
LENGTH_LIMIT = {4: 2**31, 8: 2**63}


class Damaged(Exception):
    """The file is not as the specification says."""


def need(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Damaged(otherwise)


class Cursor:
    """Bytes that are taken from the front."""

    def __init__(self, data: bytes, at: int = 0):
        self.data, self.at = data, at

    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, length: int) -> bytes:
        need(length <= self.left(), f"{length} bytes are wanted where {self.left()} are left")
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self, width: int, signed: bool = False) -> int:
        return int.from_bytes(self.take(width), "little", signed=signed)

    def double(self) -> float:
        return struct.unpack("<d", self.take(8))[0]


@dataclass
class Block:
    """An entry of a chunk's directory, and the bytes it stands for."""

    node: int
    role: int
    encoding: int
    codec: int
    values: int
    stored_length: int
    encoded_length: int
    parameters: bytes
    stored: bytes = b""
    start: int = 0

    def __str__(self) -> str:
        return f"the block of node {self.node}, role {self.role}"

    def words(self, width: int) -> list[int]:
        """Unsigned words of `width` bytes."""
        n, p, at = self.values, Cursor(self.parameters), Cursor(self.encoded(width))
        if self.encoding == 0:
            words = [at.number(width) for _ in range(n)]
        elif self.encoding == 1:
            words = [p.number(width)] * n
        elif self.encoding == 2:
            runs, bias = p.number(8), signed_bias(p, width)
            words = []
            for m in groups(runs, n):
                lengths, values = miniblock(at, m, 4, 0), miniblock(at, m, width, bias)
                words += expand(lengths, values, n - len(words))
        elif self.encoding in (3, 13):
            bias, pack = signed_bias(p, width), packed if self.encoding == 3 else in_lanes
            words = [word for m in groups(n, n) for word in miniblock(at, m, width, bias, pack)]
        elif self.encoding in (4, 14):
            pack = packed if self.encoding == 4 else in_lanes
            words, mask = [p.number(width)][:n], 256**width - 1
            for m in groups(max(n - 1, 0), n):
                for difference in miniblock(at, m, width, 128 * 256 ** (width - 1), pack):
                    words.append(words[-1] + difference & mask)
        elif self.encoding == 5:
            words = [int.from_bytes(value, "little") for value in unshuffled(at, n, width)]
        elif self.encoding == 6:
            words = pco_words(at, n, width, p.number(1))
        elif self.encoding == 7:
            words = entropy_words(at, n, width, bit(p))
        else:
            need(self.encoding == 8, f"encoding {self.encoding} of words is not known")
            words = self.decimals(p, at, width)
        return self.whole(words, p, at)

    def decimals(self, p: Cursor, at: Cursor, width: int) -> list[int]:
        """Floats as units of a power of ten."""
        digits, inner = p.number(1, signed=True), p.number(2)
        need(width in (4, 8) and -22 <= digits <= 22 and inner != 8, f"{self} is no decimals")
        x = at.number(4)
        positions, exceptions = ([at.number(w) for _ in range(x)] for w in (4, width))
        need(x <= self.values and all(a < b for a, b in pairwise([*positions, self.values])), "exceptions are out of order")
        rest = at.take(at.left())
        units = Block(self.node, self.role, inner, 0, self.values, len(rest), len(rest), p.take(p.left()), rest).words(width)
        form, power = "<f" if width == 4 else "<d", float(10 ** abs(digits))
        words = []
        for unit in (float(signed(unit, width)) for unit in units):
            value = unit / power if digits >= 0 else unit * power
            words.append(int.from_bytes(struct.pack(form, value), "little"))
        for position, exception in zip(positions, exceptions):
            words[position] = exception
        return words

    def bits(self) -> list[int]:
        n, p, at = self.values, Cursor(self.parameters), Cursor(self.encoded(1))
        if self.encoding == 0:
            packed = at.number((n + 7) // 8)
            need(packed >> n == 0, f"{self}: bits after the bitmap's last one are set")
            bits = [packed >> i & 1 for i in range(n)]
        elif self.encoding == 1:
            bits = [bit(p)] * n
        else:
            need(self.encoding == 2, f"encoding {self.encoding} of a bitmap is not known")
            runs, first, bits, done = p.number(8), bit(p), [], 0
            for m in groups(runs, n):
                lengths = miniblock(at, m, 4, 0)
                bits += expand(lengths, [first ^ (done + i & 1) for i in range(m)], n - len(bits))
                done += m
        return self.whole(bits, p, at)

    def pieces(self, size: int) -> list[bytes]:
        """Values of `size` bytes each."""
        n, p, at = self.values, Cursor(self.parameters), Cursor(self.encoded(size))
        if self.encoding == 0:
            pieces = [at.take(size) for _ in range(n)]
        elif self.encoding == 1:
            pieces = [p.take(size)] * n
        else:
            need(self.encoding == 5, f"encoding {self.encoding} of fixed-size binary is not known")
            pieces = unshuffled(at, n, size)
        return self.whole(pieces, p, at)

    def strings(self, lengths: list[int]) -> list[bytes]:
        """The strings that a block of role data holds."""
        if self.encoding in (10, 11):
            p, at = Cursor(self.parameters), Cursor(self.encoded(1))
            data = by_symbols(at) if self.encoding == 10 else by_prefixes(at, lengths)
            self.whole(data, p, at)
        elif self.encoding == 15:
            p, at = Cursor(self.parameters), Cursor(self.encoded(1))
            data = self.whole(by_digits(at, self.values, bit(p)), p, at)
        else:
            data = bytes(self.words(1))
        data = Cursor(data)
        return [data.take(length) for length in lengths]

    def templates(self, count: int) -> list[bytes]:
        """The strings of a block that says itself where they end."""
        need(self.encoding == 12, f"{self} has no lengths")
        p, at = Cursor(self.parameters), Cursor(self.encoded(1))
        strings = by_templates(at, count, self.values)
        self.whole(b"".join(strings), p, at)
        return strings

    def whole(self, values: list, parameters: Cursor, encoded: Cursor) -> list:
        need(len(values) == self.values, f"{self} holds {len(values)} values instead of {self.values}")
        need(parameters.left() == 0 and encoded.left() == 0, f"{self} does not end where its values do")
        return values

    def encoded(self, width: int) -> bytes:
        """Step one: what the codec was given."""
        length = self.encoded_length
        need(length <= self.values * (width + 12) + 65_536, f"{self}: no encoding takes {length} bytes")
        if self.codec == 0:
            encoded = self.stored
        elif self.codec == 1:
            encoded = lz4.block.decompress(self.stored, uncompressed_size=max(length, 1))
        elif self.codec == 2:
            encoded = one_stream(self, zstandard.ZstdDecompressor().decompressobj())
        elif self.codec == 3:
            encoded = one_stream(self, zlib.decompressobj(wbits=-15))
        else:
            need(self.codec == 4, f"codec {self.codec} is not known")
            stream = brotli.Decompressor()
            encoded = stream.process(self.stored)
            need(stream.is_finished(), f"{self}: the brotli stream does not end")
        need(len(encoded) == length, f"{self}: {len(encoded)} bytes after the codec instead of {length}")
        return encoded


def one_stream(block: Block, stream) -> bytes:
    encoded = stream.decompress(block.stored)
    need(stream.eof and not stream.unused_data, f"{block}: not one whole stream of its codec")
    return encoded


def groups(total: int, most: int) -> list[int]:
    """How many values each miniblock has."""
    need(total <= most, f"{total} runs of {most} values")
    return [min(1024, total - at) for at in range(0, total, 1024)]


def bit(parameters: Cursor) -> int:
    value = parameters.number(1)
    need(value <= 1, "a parameter is neither 0 nor 1")
    return value


def signed_bias(parameters: Cursor, width: int) -> int:
    return bit(parameters) * 128 * 256 ** (width - 1)


def packed(at: Cursor, m: int, bits: int, width: int = 0) -> list[int]:
    stream = at.number((m * bits + 7) // 8)
    return [stream >> i * bits & (1 << bits) - 1 for i in range(m)]


def in_lanes(at: Cursor, m: int, bits: int, width: int) -> list[int]:
    if m < 1024:
        return packed(at, m, bits)
    size = min(width, 8)
    lanes, words = 128 // size, [at.number(size) for _ in range(128 * bits // size)]
    parts = []
    for lane in range(lanes):
        stream = sum(word << 8 * size * k for k, word in enumerate(words[lane::lanes]))
        parts.append([stream >> i * bits & (1 << bits) - 1 for i in range(m // lanes)])
    return [parts[i % lanes][i // lanes] for i in range(m)]


def miniblock(at: Cursor, m: int, width: int, bias: int, pack=packed) -> list[int]:
    """`m` words of `width` bytes: least + distance - bias each."""
    least, bits, exceptions = at.number(width), at.number(1), at.number(2)
    need(bits <= 8 * width and exceptions <= m, "a miniblock's width or exceptions are out of range")
    distances = pack(at, m, min(bits, 64), width)
    if bits > 64:
        distances = [low | high << 64 for low, high in zip(distances, pack(at, m, bits - 64, width))]
    positions = [at.number(2) for _ in range(exceptions)]
    need(all(a < b for a, b in pairwise([*positions, m])), "positions of exceptions do not rise")
    for position in positions:
        distances[position] = at.number(width)
    return [(least + distance - bias) % 256**width for distance in distances]


def expand(lengths: list[int], values: list, room: int) -> list:
    need(all(lengths) and sum(lengths) <= room, "lengths of runs do not add up")
    return [value for length, value in zip(lengths, values) for _ in range(length)]


def unshuffled(at: Cursor, n: int, size: int) -> list[bytes]:
    planes = at.take(n * size)
    return [planes[i::n] for i in range(n)]


def by_symbols(at: Cursor) -> bytes:
    symbols = [at.take(length) for length in at.take(at.number(1))]
    need(all(1 <= len(symbol) <= 8 for symbol in symbols), "a symbol is not 1 to 8 bytes long")
    text = bytearray()
    while at.left():
        code = at.number(1)
        need(code == 255 or code < len(symbols), f"code {code} has no symbol")
        text += at.take(1) if code == 255 else symbols[code]
    return bytes(text)


def by_digits(at: Cursor, n: int, upper: int) -> bytes:
    digits = at.take((n + 1) // 2).hex()
    need(digits[n:] in ("", "0"), "half a byte after the last digit is not zero")
    return (digits.upper() if upper else digits)[:n].encode()


def by_prefixes(at: Cursor, lengths: list[int]) -> bytes:
    strings = [b""]
    shared = [word for m in groups(len(lengths), len(lengths)) for word in miniblock(at, m, 4, 0)]
    for length, same in zip(lengths, shared):
        need(same <= min(length, len(strings[-1])), "a string shares more than there is")
        strings.append(strings[-1][:same] + at.take(length - same))
    return b"".join(strings)


def entropy_words(at: Cursor, n: int, width: int, order: int) -> list[int]:
    origin, unit, mask = at.number(width), at.number(8), 256**width - 1
    first = [at.number(width)][:n] if order else []
    coded = [origin + quantity * unit % 2**64 & mask for quantity in quantities(at, max(n - order, 0))]
    return [word & mask for word in accumulate(first + coded)] if order else coded


def quantities(at: Cursor, count: int) -> list[int]:
    """64-bit numbers by their bins: rANS, then low bits."""
    k = at.number(2)
    need((k == 0) == (count == 0) and k <= 4096, f"{k} bins for {count} quantities")
    widths, gaps, frequencies = ([x for m in groups(k, k) for x in miniblock(at, m, w, 0)] for w in (1, 8, 2))
    need(max(widths, default=0) <= 56 and min(frequencies, default=1) > 0, "a bin's width or frequency is out of range")
    need(sum(frequencies) == (4096 if k else 0), "frequencies do not add up")
    slots, base = [], 0
    for b, gap, frequency in zip(widths, gaps, frequencies):
        base = (base + gap) % 2**64
        slots += [(base, b, frequency, above) for above in range(frequency)]
        base += 2**b
    left = at.number(4)
    need(left <= count, "more refills than quantities")
    states = [at.number(4) for _ in range(8)]
    need(min(states) >= 2**16, "a state is too small")
    refills, found = Cursor(at.take(2 * left)), []
    for i in range(count):
        x = states[i % 8]
        base, b, frequency, above = slots[x % 4096]
        x = frequency * (x // 4096) + above
        states[i % 8] = x if x >= 2**16 else x * 2**16 + refills.number(2)
        found.append((base, b))
    need(states == [2**16] * 8 and refills.left() == 0, "the states do not end where they started")
    low, start, words = at.take(at.left()), 0, []
    for base, b in found:
        words.append(base + (int.from_bytes(low[start // 8 : start // 8 + 8], "little") >> start % 8 & (1 << b) - 1))
        start += b
    need(len(low) == (start + 7) // 8, "the low bits do not end where the block does")
    return [word % 2**64 for word in words]


def by_templates(at: Cursor, count: int, size: int) -> list[bytes]:
    t, c = at.number(4), at.number(4)
    need(t <= count and c <= size, "more templates than strings, or more columns than bytes")
    fields = series(at, t)
    need(sum(fields) <= size, "more fields than bytes")
    lengths, columns = series(at, t + sum(fields)), series(at, sum(fields))
    need(all(column < c for column in columns), "a field's column is not there")
    texts, columns, templates = (at.take(length) for length in lengths), iter(columns), []
    for f in fields:
        templates.append([(next(texts), next(columns) if k < f else None) for k in range(f + 1)])
    ids = series(at, count)
    need(all(i < t for i in ids), "a string's template is not there")
    uses = Counter(column for i in ids for _, column in templates[i] if column is not None)
    need(uses.total() <= size, "the strings have more fields than bytes")
    need(all(uses[column] for column in range(c)), "a column has no value")
    values = [iter(column_values(at, uses[column])) for column in range(c)]
    pieces = [[text + (b"" if column is None else next(values[column])) for text, column in templates[i]] for i in ids]
    return [b"".join(string) for string in pieces]


def column_values(at: Cursor, n: int) -> list[bytes]:
    form, parameter = at.number(1), at.number(1)
    if form in (0, 1):
        *texts, rest = at.take(at.number(4)).split(bytes([parameter]))
        need(rest == b"" and all(texts), "a value is empty, or without an end")
        need(form == 1 or len(texts) == n, "a column of text is too long or too short")
        if form == 0:
            return texts
        codes = series(at, n)
        need(all(code < len(texts) for code in codes), "a code is beyond its entries")
        return [texts[code] for code in codes]
    if form in (2, 3):
        need(parameter == 0 if form == 2 else 1 <= parameter <= 19, "digits of a column")
        numbers = series(at, n)
        need(form == 2 or all(number < 10**parameter for number in numbers), "a number has too many digits")
        return [b"%0*d" % (parameter, number) for number in numbers]
    need(form in (4, 5) and 1 <= parameter <= 64, f"form {form} with {parameter} of a column is not known")
    values = [b""] * n
    for digits in [16] * (parameter // 16) + [parameter % 16] * (parameter % 16 > 0):
        pieces = [b"%016x" % number for number in series(at, n)]
        values = [value + piece[16 - digits :] for value, piece in zip(values, pieces)]
    return values if form == 4 else [value.upper() for value in values]


def series(at: Cursor, n: int) -> list[int]:
    width, encoding, parameters, length = at.number(1), at.number(1), at.number(1), at.number(4)
    need(width in (1, 2, 4, 8), "a series is of words of no width")
    need(encoding in (0, 1, 2, 3, 4, 13, 14) or encoding == 7 and n >= 1024, f"a series of {n} words of encoding {encoding}")
    parameters, stored = at.take(parameters), at.take(length)
    return Block(-1, VALUES, encoding, 0, n, length, length, parameters, stored).words(width)


def pco_words(at: Cursor, n: int, width: int, numbers: int) -> list[int]:
    need(width in (2, 4, 8) and numbers <= 2, "pco of what pco has no numbers for")
    dtype, words = "uif"[numbers] + str(8 * width), []
    version = at.take(2)
    need(version[0] == 4, f"pco's version {version[0]}")
    file, _ = pco.FileDecompressor.new(version)
    for first in range(0, n, 262_144):
        bound_pco(at.data[at.at :], width)
        chunk, length = file.chunk_decompressor(at.data[at.at :], dtype)
        at.take(length)
        values = numpy.zeros(min(262_144, n - first), numpy.dtype(f"<{dtype[0]}{width}"))
        progress, length = chunk.read_page_into(at.data[at.at :], len(values), values)
        at.take(length)
        words += values.view(f"<u{width}").tolist()
    return words


def bound_pco(metadata: bytes, width: int) -> None:
    """What the library would allocate without limit."""
    bits = int.from_bytes(metadata[:32], "little")
    mode = bits & 15
    need(mode < 4, f"pco's mode {mode}")
    delta = bits >> 4 + {0: 0, 1: 8 * width, 2: 8 * width, 3: 8}[mode]
    need(delta & 15 != 2 or (delta >> 4 & 31) + 1 <= 15, "pco's lookback window")


class Column:
    """The blocks of one column of a chunk. Nodes are numbered as they are met: that is pre-order."""

    def __init__(self, blocks: list[Block]):
        places = [(block.node, block.role) for block in blocks]
        need(all(a < b for a, b in pairwise(places)), "blocks are not in order")
        self.blocks, self.node = dict(zip(places, blocks)), -1

    def read(self, field: dict, rows: int) -> list:
        """A value a row; None is null. Integers, times and decimals are int, intervals (months, days, nanoseconds), lists and
        structs list, maps list of pairs, unions (child, value); dictionaries and runs are resolved."""
        values = self.values(field, rows)
        need(not self.blocks, f"blocks that its type has no use for: {list(self.blocks)}")
        return values

    def values(self, field: dict, slots: int) -> list:
        self.node += 1
        node, kind, children = self.node, field["type"], field.get("children", [])
        if kind == "null":
            return [None] * slots
        if kind == "dictionary":
            entries = self.one_length(node)
            keys = self.values(children[0], slots)
            values = self.values(children[1], entries)
            need(all(key is None or 0 <= key < entries for key in keys), "a key is beyond its dictionary")
            return [None if key is None else values[key] for key in keys]
        if kind == "run_end_encoded":
            runs = self.one_length(node)
            need((node + 1, VALIDITY) not in self.blocks, "run ends have no validity")
            ends = [0, *self.values(children[0], runs)]
            need(all(a < b for a, b in pairwise(ends)) and ends[-1] == slots, "run ends do not rise to the number of slots")
            return expand([b - a for a, b in pairwise(ends)], self.values(children[1], runs), slots)
        if kind == "union":
            return self.union(node, field, slots)
        valid = self.block(node, VALIDITY, slots).bits() if (node, VALIDITY) in self.blocks else [1] * slots
        values = self.nested(node, field, slots) if children or kind == "struct" else self.scalars(node, field, valid)
        return [value if ok else None for ok, value in zip(valid, values)]

    def scalars(self, node: int, field: dict, valid: list[int]) -> list:
        kind, slots = field["type"], len(valid)
        if kind == "boolean":
            return [bool(bit) for bit in self.block(node, VALUES, slots).bits()]
        coded = (node, CODES) in self.blocks
        role = LENGTHS if kind in STRINGS else VALUES
        # How many values a slot's block may have: slots without a value may be left out of all but fixed-size binary.
        counts = (slots,) if kind == "fixed_size_binary" else (slots, sum(valid))
        entries = self.block(node, role, None)
        need(entries.values <= slots if coded else entries.values in counts, f"{entries} has {entries.values} values")
        if kind in STRINGS:
            if entries.encoding == 12:
                need(not entries.parameters and not entries.encoded(1), f"{entries} is not empty")
                pieces = self.block(node, DATA, None).templates(entries.values)
            else:
                lengths = entries.words(STRINGS[kind])
                need(sum(lengths) < LENGTH_LIMIT[STRINGS[kind]], f"{entries}: too much text")
                pieces = self.block(node, DATA, sum(lengths)).strings(lengths)
            decode = bytes.decode if "utf8" in kind else bytes
        elif kind == "fixed_size_binary":
            need(field["size"] > 0, "fixed-size binary of no bytes")
            pieces, decode = entries.pieces(field["size"]), bytes
        else:
            width, decode = word_of(field)
            pieces = entries.words(width)
        values = [decode(piece) for piece in pieces]
        if coded:
            codes = self.block(node, CODES, None)
            need(codes.values in counts, f"{codes} has {codes.values} values")
            codes = codes.words(4)
            need(all(code < len(values) for code in codes), "a code is beyond its entries")
            values = [values[code] for code in codes]
        if len(values) == slots:
            return values
        values = iter(values)
        return [next(values) if ok else None for ok in valid]

    def nested(self, node: int, field: dict, slots: int) -> list:
        kind, children = field["type"], field.get("children", [])
        if kind == "struct":
            columns = [self.values(child, slots) for child in children]
            return [[column[row] for column in columns] for row in range(slots)]
        if kind == "fixed_size_list":
            lengths = [field["size"]] * slots
        else:
            width = 8 if kind == "large_list" else 4
            block = self.block(node, LENGTHS, slots)
            if block.encoding == 9:
                return self.flat_lists(block, kind, children[0], slots)
            lengths = block.words(width)
            need(sum(lengths) < LENGTH_LIMIT[width], "lists are too long")
        if kind == "map":
            keys, values = (self.values(child, sum(lengths)) for child in children[0]["children"])
            need(None not in keys, "a key of a map is null")
            elements = list(zip(keys, values))
        else:
            elements = self.values(children[0], sum(lengths))
        items = Cursor(elements)
        return [items.take(length) for length in lengths]

    def flat_lists(self, block: Block, kind: str, child: dict, slots: int) -> list:
        """Lists by the gaps between their elements' places."""
        p = Cursor(block.parameters)
        limit, count = p.number(8), p.number(8)
        need(p.left() == 0 and limit > 0 and block.encoded(0) == b"", f"{block} is not what flat-gap writes")
        need(kind in ("list", "large_list") and "int" in child["type"] and child["type"] != "interval", "flat-gap of no list of integers")
        gaps = self.values(child, count)
        need(None not in gaps, "a gap is null")
        width = (SIGNED | UNSIGNED)[child["type"]]
        places = accumulate(gap % 256**width for gap in gaps)
        lists = [[] for _ in range(slots)]
        for place in places:
            need(place < slots * limit and place % limit < 256**width, "an element is beyond its word or the last list")
            element = place % limit
            lists[place // limit].append(signed(element, width) if child["type"] in SIGNED else element)
        return lists

    def union(self, node: int, field: dict, slots: int) -> list:
        children, dense = field["children"], field["mode"] == "dense"
        sizes = self.block(node, LENGTHS, len(children)).words(8) if dense else [slots] * len(children)
        ids = [signed(word, 1) for word in self.block(node, TYPE_IDS, slots).words(1)]
        need(all(i in field["ids"] for i in ids), "a type id is not among the union's")
        offsets = [signed(word, 4) for word in self.block(node, OFFSETS, slots).words(4)] if dense else range(slots)
        fields = [self.values(child, size) for child, size in zip(children, sizes)]
        chosen = [field["ids"].index(i) for i in ids]
        need(all(0 <= offset < sizes[child] for child, offset in zip(chosen, offsets)), "an offset is beyond its field")
        return [(child, fields[child][offset]) for child, offset in zip(chosen, offsets)]

    def one_length(self, node: int) -> int:
        return self.block(node, LENGTHS, 1).words(8)[0]

    def block(self, node: int, role: int, values: int | None) -> Block:
        """A block that must be there, with so many values. It is taken: what is left in the end has no use."""
        need((node, role) in self.blocks, f"there is no block of node {node}, role {role}")
        block = self.blocks.pop((node, role))
        need(values in (None, block.values), f"{block} has {block.values} values instead of {values}")
        return block


def signed(word: int, width: int) -> int:
    return word - 256**width if word >> 8 * width - 1 else word


def word_of(field: dict):
    """The width of a type's words, and what one of them means."""
    kind = field["type"]
    if kind in UNSIGNED:
        return UNSIGNED[kind], int
    if kind in FLOATS:
        width, form = FLOATS[kind]
        return width, lambda word: struct.unpack(form, word.to_bytes(width, "little"))[0]
    if kind == "interval":
        width, form = INTERVALS[field["unit"]]
        return width, lambda word: interval(field["unit"], struct.unpack(form, word.to_bytes(width, "little")))
    need(kind in SIGNED, f"type {kind} is not known")
    return SIGNED[kind], lambda word: signed(word, SIGNED[kind])


def interval(unit: str, parts: tuple) -> tuple[int, int, int]:
    """Months, days, nanoseconds."""
    if unit == "year_month":
        return parts[0], 0, 0
    return (0, parts[0], parts[1] * 1_000_000) if unit == "day_time" else parts
