"""Files of every version of the format: the tool reads them, and so does a reader written from the spec alone."""

import json
import subprocess
import sys
from pathlib import Path

from documents import ndjson_difference
from tool import Failure, Report, Tool, arguments

READER = Path(__file__).with_name("read_xk.py")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--goldens", type=Path, required=True, help="a directory that has one directory a version")
    given = parser.parse_args()
    tool, report = Tool(given.exportkit), Report()
    files = sorted(given.goldens.glob("v*/**/*.xk"))
    if not files:
        report.check("goldens", str(given.goldens), "there are none")
    for file in files:
        name = str(file.relative_to(given.goldens))
        report.attempt("goldens, exportkit verify --deep", name, lambda: verify(tool, file))
        report.attempt("goldens, read_xk.py says what exportkit cat says", name, lambda: read_by_both(tool, file))
    report.finish()


def verify(tool: Tool, file: Path) -> None:
    tool.run("verify", "--deep", file)


def read_by_both(tool: Tool, file: Path) -> str | None:
    streams = [stream["name"] for stream in json.loads(tool.run("info", "--json", file))["streams"]]
    for stream in streams:
        ours = tool.run("cat", "--format", "ndjson", "--stream", stream, file).decode()
        difference = ndjson_difference(ours, read_independently(file, stream))
        if difference:
            return f"stream {stream}: {difference}"
    return None


def read_independently(file: Path, stream: str) -> str:
    """What the reader prints: the rows of a stream as NDJSON."""
    command = [sys.executable, "-B", str(READER), str(file), "--stream", stream]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise Failure(f"read_xk.py: exit {done.returncode}: {done.stderr.decode(errors='replace').strip()[-500:]}")
    return done.stdout.decode()


if __name__ == "__main__":
    main()
