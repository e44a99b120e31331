"""The process in which inputs are tried: python -m tests.fuzz.child READER SEED FIRST COUNT FOLDER.

Writes a line for each input before it is read ("at NUMBER") and one for each fault, so that whoever reads the lines
knows at which input this process died or hung.
"""

import contextlib
import os
import sys
import time
import traceback
import warnings
from pathlib import Path
from random import Random

from fields_blender.core.errors import FieldsError
from tests.fuzz.mutators import mutated
from tests.fuzz.readers import READERS

SECONDS = 1.0  # of the processor, for any input of this size
SLOW = 5.0  # for a video, of which 30 frames are decoded
# A file may take so much memory: this, and so many times its size.
BYTES, TIMES = 64_000_000, 20
ADDRESSES = 6_000_000_000


def made(name: str, seed: int, number: int) -> bytes:
    """Input `number` of a reader; the first ones are the corpus itself."""
    seeds = READERS[name].seeds()
    return seeds[number] if number < len(seeds) else _mutated(seeds, name, seed, number)


def _mutated(seeds: list[bytes], name: str, seed: int, number: int) -> bytes:
    random = Random(f"{name} {seed} {number}")
    return mutated(random.choice(seeds), seeds, random)


def main(name: str, seed: int, first: int, count: int, folder: Path) -> None:
    _limit()
    reader, seeds = READERS[name], READERS[name].seeds()
    warnings.simplefilter("ignore")
    for warm in seeds:  # imports and caches are not the input's
        with contextlib.suppress(Exception):
            _put(folder, reader.suffix, warm)
            reader.read(folder / f"a{reader.suffix}")
    out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    for number in range(first, first + count):
        data = seeds[number] if number < len(seeds) else _mutated(seeds, name, seed, number)
        path = _put(folder, reader.suffix, data)
        print(f"at {number}", file=out)
        before, began = _peak(reset=True), time.process_time()
        try:
            reader.read(path)
        except FieldsError as error:
            str(error).encode("utf-8", "surrogatepass")
        except BaseException:
            print(f"fault {number} {traceback.format_exc()[-1500:]!r}", file=out)
        took, grown = time.process_time() - began, _peak() - before
        if took > (SLOW if name == "video" else SECONDS):
            print(f"fault {number} 'took {took:.1f} s'", file=out)
        if grown > BYTES + TIMES * len(data):
            print(f"fault {number} 'took {grown / 1e6:.0f} MB for {len(data) / 1e3:.0f} kB'", file=out)
    print("done", file=out)


def _put(folder: Path, suffix: str, data: bytes) -> Path:
    path = folder / f"a{suffix}"
    path.write_bytes(data)
    return path


def _limit() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _peak(reset: bool = False) -> int:
    """Bytes of memory that this process has had at most since the last reset; 0 where the system does not say it."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    except (OSError, IndexError, ValueError):
        return 0


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
