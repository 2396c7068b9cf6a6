"""An independent reader of `.xk` files, written from docs/format alone: v1.md, encodings.md and registry.md.

It is strict: every checksum, length, padding byte, summary and index entry is looked at, and whatever is not as these texts say
ends it with exit code 1. Only the end of the file may be missing, as in a recording that was never finished. It neither searches
for what lies behind damage, nor judges whether a later version of a schema is wider than the one before. blocks.py undoes blocks,
spelling.py spells values.
"""

import argparse
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import xxhash

from blocks import Block, Column, Cursor, Damaged, need
from spelling import json_row, widened

SIGNATURE = b"\x89XKC\r\n\x1a\n"
MAJOR = 1
NO_STREAM = 0xFFFF_FFFF
STREAM, CHUNK, METADATA, INDEX, TAIL, GAP = 1, 2, 4, 5, 6, 10
CRITICAL = 1
ENCRYPTED = 2


def xxh3(data: bytes, seed: int) -> int:
    return xxhash.xxh3_64_intdigest(data, seed)


def align(n: int) -> int:
    return (n + 63) // 64 * 64


def need_zeros(data: bytes, where: str) -> None:
    need(not any(data), f"{where}: padding is not zero")


@dataclass
class Frame:
    """A frame whose header, directory checksum and padding are as they should be."""

    offset: int
    sequence: int
    stream: int
    rows: int
    directory_length: int
    kind: int
    flags: int
    payload: bytes

    @property
    def length(self) -> int:
        return 64 + align(len(self.payload))

    def __str__(self) -> str:
        return f"frame {self.sequence} at byte {self.offset}"


@dataclass
class Chunk:
    frame: Frame
    first_row: int
    number: int
    version: int
    columns: list[tuple["Summary", list[Block]]]


@dataclass
class Summary:
    raw: bytes
    has_nan: bool
    nulls: int
    bounds: list[tuple[int, object]]


class Container:
    """All frames of a file, read one after the other, and what they say."""

    def __init__(self, data: bytes):
        self.data = data
        self.facts = self.read_header(data[:64])
        self.schemas: dict[int, dict] = {}
        self.stream_payloads: dict[int, bytes] = {}
        self.metadata = b""
        self.chunks: list[Chunk] = []
        self.indexes: dict[int, tuple[Frame, list[int]]] = {}
        readers = {STREAM: self.stream, CHUNK: self.chunk, METADATA: self.remember_metadata, INDEX: self.index, TAIL: self.tail}
        self.last = None
        for frame in self.frames():
            if frame.kind in readers and frame.flags in (0, CRITICAL):
                critical = frame.kind in (STREAM, CHUNK)
                need(frame.flags == critical, f"{frame}: kind {frame.kind} with flags {frame.flags}")
                readers[frame.kind](frame)
            else:
                need(not frame.flags & CRITICAL, f"{frame} is of kind {frame.kind}, flags {frame.flags}: {self.release()}")
            self.last = frame

    def read_header(self, header: bytes) -> bytes:
        """The facts that stream and index frames repeat: versions, flags, time of creation, release."""
        need(header[:8] == SIGNATURE and len(header) == 64, "not an .xk file, or its header is damaged")
        at = Cursor(header, 8)
        major, minor, flags = at.number(2), at.number(2), at.number(4)
        self.file_id, created, release = at.take(16), at.number(8, signed=True), [at.number(2) for _ in range(3)]
        need(int.from_bytes(header[56:], "little") == xxh3(header[:56], 0), "the file header's checksum does not match")
        self.about = {"major": major, "minor": minor, "flags": flags, "created_ns": created, "release": release}
        need(not flags & ENCRYPTED, "the file is encrypted: this reader holds no key")
        need(major == MAJOR and not flags & 0xFFFF, f"major version {major}, flags {flags:#x}: {self.release()}")
        return header[8:16] + header[32:46]

    def release(self) -> str:
        return "it can be read by exportkit " + ".".join(map(str, self.about["release"]))

    def gaps(self) -> dict[int, int]:
        """Where bytes start that a writer left that was stopped, and where the frame is that says so."""
        found = {}
        for offset in range(64, len(self.data) - 63, 64):
            header = self.data[offset : offset + 64]
            is_frame = header[:16] == self.file_id and int.from_bytes(header[56:], "little") == xxh3(header[:56], MAJOR)
            if is_frame and int.from_bytes(header[44:46], "little") == GAP:
                found[int.from_bytes(self.data[offset + 64 : offset + 72], "little")] = offset
        return found

    def frames(self):
        offset, gaps, torn = 64, self.gaps(), 0
        while len(header := self.data[offset : offset + 64]) == 64:
            if offset in gaps:
                # Half a frame keeps its number, if it got as far as that.
                torn = int(header[:16] == self.file_id)
                offset = gaps[offset]
                header = self.data[offset : offset + 64]
            at = Cursor(header, 16)
            sequence, length, stream = at.number(8), at.number(8), at.number(4)
            rows, directory_length, kind, flags = at.number(4), at.number(4), at.number(2), at.number(2)
            directory_sum, header_sum = at.number(8), at.number(8)
            where = f"byte {offset}"
            need(header_sum == xxh3(header[:56], MAJOR), f"{where}: this is no frame header, or its checksum does not match")
            need(header[:16] == self.file_id, f"{where}: a frame of another file")
            need(sequence == (self.last.sequence + 1 + torn if self.last else 0), f"{where}: frame {sequence} is not in its place")
            need(directory_length <= length < 2**63, f"{where}: lengths are out of range")
            payload = self.data[offset + 64 : offset + 64 + length]
            if len(payload) < length:
                return
            seed = xxh3(header[:24], 0)
            need(directory_sum == xxh3(payload[:directory_length], seed), f"{where}: the directory's checksum does not match")
            if kind != CHUNK:
                need(directory_length == length and rows == 0, f"{where}: rows or directory length of a frame that is no chunk")
            frame = Frame(offset, sequence, stream, rows, directory_length, kind, flags, payload)
            need_zeros(self.data[offset + 64 + length : offset + frame.length], where)
            yield frame
            torn = 0
            offset += frame.length

    def stream(self, frame: Frame) -> None:
        said = document(frame, "stream", "file", "versions")
        need(frame.stream != NO_STREAM and said["versions"], f"{frame}: no stream number, or no versions")
        need(all(said["file"].get(key) == value for key, value in self.about.items()), f"{frame}: contradicts the file header")
        known = self.schemas.get(frame.stream)
        if known is None:
            need(all(said["stream"] != other["stream"] for other in self.schemas.values()), f"{frame}: a name that is taken")
        else:
            repeated = said["versions"][: len(known["versions"])] == known["versions"]
            need(repeated and said["stream"] == known["stream"], f"{frame}: contradicts an earlier one of its stream")
        for version in said["versions"]:
            names = [field["name"] for field in version["fields"]]
            need(len(set(names)) == len(names), f"{frame}: two columns of one name")
        self.schemas[frame.stream] = said
        self.stream_payloads[frame.stream] = frame.payload

    def chunk(self, frame: Frame) -> None:
        need(frame.stream in self.schemas, f"{frame}: a chunk of an unknown stream")
        versions = self.schemas[frame.stream]["versions"]
        at = Cursor(frame.payload[: frame.directory_length])
        chunk = Chunk(frame, at.number(8), at.number(8), at.number(4), [])
        columns = at.number(4)
        need(chunk.version < len(versions), f"{frame}: version {chunk.version} of the schema is not known")
        need(columns == len(versions[chunk.version]["fields"]), f"{frame}: {columns} columns are not those of its schema")
        before = [c for c in self.chunks if c.frame.stream == frame.stream]
        rows_before = before[-1].first_row + before[-1].frame.rows if before else 0
        need((chunk.number, chunk.first_row) == (len(before), rows_before), f"{frame}: chunks before it are missing")
        end = blocks_start = align(frame.directory_length)
        for _ in range(columns):
            summary = read_summary(at)
            need(summary.nulls <= frame.rows, f"{frame}: more nulls than rows")
            blocks = []
            for _ in range(at.number(2)):
                block, checksum = read_block(at)
                block.start = align(end)
                if block.stored_length:
                    need_zeros(frame.payload[end : block.start], str(frame))
                    end = block.start + block.stored_length
                block.stored = frame.payload[block.start : block.start + block.stored_length]
                need(len(block.stored) == block.stored_length, f"{frame}: {block} reaches past the payload")
                need(xxh3(block.stored, 0) == checksum, f"{frame}: the checksum of {block} does not match")
                blocks.append(block)
            chunk.columns.append((summary, blocks))
        need(at.left() == 0, f"{frame}: bytes after the directory's last entry")
        need_zeros(frame.payload[frame.directory_length : blocks_start], str(frame))
        need(len(frame.payload) == end, f"{frame}: the payload does not end with its last block")
        self.chunks.append(chunk)

    def remember_metadata(self, frame: Frame) -> None:
        document(frame, "tool", "created_ns", "rows", "chunks")
        self.metadata = frame.payload

    def index(self, frame: Frame) -> None:
        at = Cursor(frame.payload)
        need(at.take(22) == self.facts, f"{frame}: contradicts the file header")
        need_zeros(at.take(10), str(frame))
        previous, previous_length, previous_sequence = at.number(8), at.number(8), at.number(8)
        entries, streams, metadata_length = at.number(8), at.number(4), at.number(4)
        need_zeros(at.take(8), str(frame))
        listed: list[int] = []
        if previous:
            need(previous in self.indexes, f"{frame}: there is no index at byte {previous}")
            linked, listed = self.indexes[previous]
            need((linked.length, linked.sequence) == (previous_length, previous_sequence), f"{frame}: misnames its previous index")
        payloads = {at.number(4): at.take(at.number(4)) for _ in range(streams)}
        need(payloads == self.stream_payloads, f"{frame}: its streams are not those of the stream frames")
        need(at.take(metadata_length) == self.metadata, f"{frame}: its metadata is not that of the metadata frame")
        chunks = {chunk.frame.sequence: chunk for chunk in self.chunks}
        own = [self.index_entry(frame, at, chunks) for _ in range(entries)]
        need(at.left() == 0, f"{frame}: bytes after the last entry")
        need(own == sorted(own), f"{frame}: entries do not rise")
        listed = listed + own
        need(sorted(listed) == sorted(chunks), f"{frame}: with those before it, it does not list every chunk once")
        self.indexes[frame.offset] = (frame, listed)

    def index_entry(self, frame: Frame, at: Cursor, chunks: dict[int, Chunk]) -> int:
        offset, sequence, length, first_row, number = (at.number(8) for _ in range(5))
        stream, rows, directory_length, version, columns = (at.number(4) for _ in range(5))
        kind, flags = at.number(2), at.number(2)
        need(sequence in chunks, f"{frame}: lists frame {sequence}, which is no chunk")
        chunk = chunks[sequence]
        found = chunk.frame
        of_frame = (found.offset, len(found.payload), found.stream, found.rows, found.directory_length, found.kind, found.flags)
        need((offset, length, stream, rows, directory_length, kind, flags) == of_frame, f"{frame}: misdescribes {found}")
        of_chunk = (chunk.first_row, chunk.number, chunk.version, len(chunk.columns))
        need((first_row, number, version, columns) == of_chunk, f"{frame}: misdescribes {found}")
        for summary, blocks in chunk.columns:
            units = at.number(4)
            need(64 * units == sum(align(block.stored_length) for block in blocks), f"{frame}: misplaces a column of {found}")
            need(read_summary(at).raw == summary.raw, f"{frame}: a summary is not that of {found}")
        return sequence

    def tail(self, frame: Frame) -> None:
        at = Cursor(frame.payload)
        offset, length = at.number(8), at.number(8)
        need(at.left() == 0 and self.last is not None, f"{frame}: not a tail")
        need((offset, length) == (self.last.offset, self.last.length), f"{frame}: does not point to the frame before it")
        need(self.last.kind == INDEX and offset + length == frame.offset, f"{frame}: does not follow an index")

    def rows(self, stream: int):
        """The rows of a stream, as text, under its widest schema."""
        versions = self.schemas[stream]["versions"]
        widest = versions[-1]["fields"]
        for chunk in (chunk for chunk in self.chunks if chunk.frame.stream == stream):
            columns = {}
            for field, (summary, blocks) in zip(versions[chunk.version]["fields"], chunk.columns):
                where = f"{chunk.frame}, column {field['name']}"
                try:
                    values = Column(blocks).read(field, chunk.frame.rows)
                    check_summary(summary, field, values)
                except Exception as error:  # every codec's library has its own
                    raise Damaged(f"{where}: {error}") from error
                columns[field["name"]] = field, values
            absent = [None] * chunk.frame.rows
            presented = []
            for field in widest:
                narrow, values = columns.get(field["name"], (field, absent))
                presented.append([widened(value, narrow, field) for value in values])
            yield from (json_row(widest, [column[row] for column in presented]) for row in range(chunk.frame.rows))


def document(frame: Frame, *keys: str) -> dict:
    """The JSON object that a frame's payload is."""
    try:
        said = json.loads(frame.payload.decode())
    except ValueError as error:
        raise Damaged(f"{frame}: {error}") from error
    need(isinstance(said, dict) and all(key in said for key in keys), f"{frame}: its JSON is no object with {', '.join(keys)}")
    return said


def read_summary(at: Cursor) -> Summary:
    start, kinds, nulls = at.at, at.number(1), at.number(4)
    need(kinds < 32, "reserved bits of a summary are set")
    bounds = [read_bound(at, kinds & 3), read_bound(at, kinds >> 2 & 3)]
    return Summary(at.data[start : at.at], bool(kinds & 16), nulls, bounds)


def read_bound(at: Cursor, kind: int) -> tuple[int, object]:
    if kind == 0:
        return kind, None
    if kind == 2:
        bound = at.double()
        need(not math.isnan(bound), "a bound is a NaN")
        return kind, bound
    length = at.number(1)
    if kind == 1:
        need(1 <= length <= 16, "an integer bound's length")
        return kind, at.number(length, signed=True)
    need(length <= 32, "a bound of more than 32 bytes")
    return kind, at.take(length)


def read_block(at: Cursor) -> tuple[Block, int]:
    node, role, parameters_length, encoding, codec = at.number(2), at.number(1), at.number(1), at.number(2), at.number(2)
    values, stored_length, encoded_length, checksum = (at.number(8) for _ in range(4))
    parameters = at.take(parameters_length)
    return Block(node, role, encoding, codec, values, stored_length, encoded_length, parameters), checksum


def check_summary(summary: Summary, field: dict, values: list) -> None:
    """The summary of a column says what its values say."""
    while field["type"] in ("dictionary", "run_end_encoded"):
        field = field["children"][1]
    need(summary.nulls == sum(value is None for value in values), f"{summary.nulls} nulls in the summary are not those there are")
    kind = {float: 2, str: 3, bytes: 3, int: 1, bool: 1}
    simple = [value for value in values if value is not None]
    nan = [isinstance(value, float) and math.isnan(value) for value in simple]
    need(summary.has_nan == any(nan), "the summary is wrong about NaNs")
    simple = [value for value, is_nan in zip(simple, nan) if not is_nan]
    for (bound_kind, bound), sign in zip(summary.bounds, (1, -1)):
        if bound_kind:
            need(all(kind.get(type(value)) == bound_kind for value in simple), "a bound is not of the column's type")
            keys = [order(value) for value in simple]
            need(bool(keys), "bounds of a column without values")
            need(order(bound) <= min(keys) if sign > 0 else order(bound) >= max(keys), f"{bound!r} bounds no more")


def order(value: object) -> object:
    """What values are compared by: text by its bytes, -0.0 below 0.0."""
    if isinstance(value, float):
        return value, math.copysign(1, value)
    return value.encode() if isinstance(value, str) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--stream", help="its rows as NDJSON; needed where the file has several")
    which.add_argument("--all", action="store_true", help='every stream: a line {"stream": name, "rows": n}, then its rows')
    given = parser.parse_args()
    try:
        container = Container(given.file.read_bytes())
        names = {schema["stream"]: number for number, schema in container.schemas.items()}
        wanted = list(names) if given.all or given.stream is None else [given.stream]
        need(given.all or len(wanted) == 1, f"there are {len(wanted)} streams: choose one with --stream")
        need(all(name in names for name in wanted), f"there is no stream {given.stream}")
        for name in wanted:
            rows = list(container.rows(names[name]))
            head = [json.dumps({"stream": name, "rows": len(rows)})] if given.all else []
            sys.stdout.write("".join(line + "\n" for line in head + rows))
    except (Damaged, OSError) as error:
        sys.exit(f"{given.file}: {error}")


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
