"""Files of every version of the format: the tool reads them, and so does a reader written from the spec alone.

Files called …-encrypted… and …-sealed… are protected with the key beside them, which is no secret. The reader has no key: it
refuses the former and skips the seals of the latter.
"""

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from documents import ndjson_difference
from tool import Failure, Report, Tool, arguments

PUBLIC_KEY = "public-test.key"
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
        if "encrypted" in file.stem:
            report.attempt("goldens, read_xk.py refuses what is encrypted", name, lambda: refused(file))
        else:
            report.attempt("goldens, read_xk.py says what exportkit cat says", name, lambda: read_by_both(tool, file))
    report.finish()


def verify(tool: Tool, file: Path) -> None:
    if "encrypted" not in file.stem and "sealed" not in file.stem:
        tool.run("verify", "--deep", file)
        return
    with tempfile.TemporaryDirectory() as directory:
        # Key files that others can read are refused; of this one, git keeps no such modes.
        key = Path(directory) / PUBLIC_KEY
        key.touch(mode=0o600)
        key.write_bytes((file.parent / PUBLIC_KEY).read_bytes())
        tool.run("verify", "--deep", "--key", key, file)


def refused(file: Path) -> str | None:
    done = subprocess.run([sys.executable, "-B", str(READER), str(file)], capture_output=True, check=False)
    said = done.stderr.decode(errors="replace")
    return None if done.returncode == 1 and "encrypted" in said else f"exit {done.returncode}: {said.strip()[-500:]}"


def read_by_both(tool: Tool, file: Path) -> str | None:
    streams = [stream["name"] for stream in json.loads(tool.run("info", "--json", file))["streams"]]
    found = read_independently(file)
    if list(found) != streams:
        return f"the reader found the streams {list(found)} instead of {streams}"
    # One process a stream, as NDJSON holds one only: two at a time.
    with ThreadPoolExecutor(max_workers=2) as pool:
        differences = pool.map(lambda stream: stream_difference(tool, file, stream, found[stream]), streams)
        return next((difference for difference in differences if difference), None)


def stream_difference(tool: Tool, file: Path, stream: str, found: str) -> str | None:
    ours = tool.run("cat", "--format", "ndjson", "--stream", stream, file).decode()
    difference = ndjson_difference(ours, found)
    return f"stream {stream}: {difference}" if difference else None


def read_independently(file: Path) -> dict[str, str]:
    """What the reader prints of every stream: its rows as NDJSON."""
    command = [sys.executable, "-B", str(READER), str(file), "--all"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise Failure(f"read_xk.py: exit {done.returncode}: {done.stderr.decode(errors='replace').strip()[-500:]}")
    lines = iter(done.stdout.decode().split("\n")[:-1])
    found = {}
    for head in map(json.loads, lines):
        found[head["stream"]] = "".join(line + "\n" for line in islice(lines, head["rows"]))
    return found


if __name__ == "__main__":
    main()
