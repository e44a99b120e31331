"""CHANGELOG.md, read for a release: checks that a tag can be released, and prints what changed.

python -m tools.release_notes v0.1.0
"""

import datetime
import re
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
UNRELEASED = "Unreleased"


class Entry(NamedTuple):
    """One section of the change log; `date` is None for what is not released yet."""

    version: str
    date: datetime.date | None
    text: str


def main(tag: str) -> int:
    try:
        print(notes(tag, manifest_version(), entries((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))))
    except ValueError as error:
        print(f"release_notes: {error}", file=sys.stderr)
        return 1
    return 0


def manifest_version() -> str:
    return tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))["version"]


def entries(log: str) -> list[Entry]:
    """The sections of a change log, in its order. Headings are `## Unreleased` and `## 1.2.3 (2026-12-31)`.

    Raises ValueError for any other heading of that level.
    """
    _, *sections = re.split(r"^## ", log, flags=re.MULTILINE)
    return [_entry(*section.partition("\n")[::2]) for section in sections]


def _entry(heading: str, text: str) -> Entry:
    heading, text = heading.strip(), text.strip()
    if heading == UNRELEASED:
        return Entry(UNRELEASED, None, text)
    dated = re.fullmatch(r"(\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)", heading)
    if not dated:
        raise ValueError(f"“## {heading}” in CHANGELOG.md is neither {UNRELEASED} nor a version with its date.")
    return Entry(dated[1], datetime.date.fromisoformat(dated[2]), text)


def notes(tag: str, version: str, log: list[Entry]) -> str:
    """What changed in the version that `tag` releases. Raises ValueError if tag or change log don't fit."""
    if tag != f"v{version}":
        raise ValueError(f"The tag is {tag}, but blender_manifest.toml says version {version}.")
    if not log or log[0].version != version:
        begins = log[0].version if log else "nothing"
        raise ValueError(f"CHANGELOG.md begins with {begins}. Give that section the heading “{version} (its date)”.")
    return log[0].text


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
