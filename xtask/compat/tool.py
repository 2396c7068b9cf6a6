"""The command line tool under test, and how the scripts count and report."""

import argparse
import subprocess
import sys
from pathlib import Path


class Tool:
    """The built `exportkit`."""

    def __init__(self, path: Path):
        self.path = path

    def run(self, *arguments: object) -> bytes:
        """Stdout of a command that must succeed."""
        words = [str(self.path), *map(str, arguments)]
        done = subprocess.run(words, capture_output=True, check=False)
        if done.returncode != 0:
            told = done.stderr.decode(errors="replace").strip()
            raise Failure(f"{' '.join(map(str, arguments))}: exit {done.returncode}: {told}")
        return done.stdout

    def through_xk(self, source: Path, target: Path) -> None:
        """Converts `source` to a container beside `target`, checks it, and converts that to `target`."""
        xk = target.with_suffix(".xk")
        self.run("convert", "-f", source, xk)
        self.run("verify", "--deep", xk)
        self.run("convert", "-f", xk, target)


class Failure(Exception):
    """A check that failed: what, and what was found."""


class Report:
    """Counts checks, prints one line a group, and remembers whether any failed."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.counts: dict[str, int] = {}

    def check(self, group: str, name: str, difference: str | None) -> None:
        self.counts[group] = self.counts.get(group, 0) + 1
        if difference:
            self.failures.append(f"{group}: {name}: {difference}")

    def attempt(self, group: str, name: str, work) -> None:
        """Runs `work`, which returns a difference or None. Whoever refuses a file makes a difference, too."""
        try:
            difference = work()
        except Exception as error:  # noqa: BLE001, every library has its own
            difference = f"{type(error).__name__}: {error}"
        self.check(group, name, difference)

    def finish(self) -> None:
        for group, count in self.counts.items():
            failed = sum(failure.startswith(group + ": ") for failure in self.failures)
            print(f"  {group}: {count - failed} of {count}")
        for failure in self.failures:
            print(f"FAILED {failure}", file=sys.stderr)
        sys.exit(1 if self.failures else 0)


def arguments(description: str | None) -> argparse.ArgumentParser:
    """What every script is given."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--exportkit", type=Path, required=True, help="the built tool")
    parser.add_argument("--scratch", type=Path, required=True, help="a directory to write in")
    return parser


def clean_directory(path: Path) -> Path:
    """An empty directory: what an earlier run left must not pass for what this one wrote."""
    path.mkdir(parents=True, exist_ok=True)
    for file in path.iterdir():
        file.unlink()
    return path
