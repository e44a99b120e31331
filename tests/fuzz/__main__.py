"""python -m tests.fuzz [READER ...] [--count 20000] [--seed 0]: changed files on every reader; exit code 1 for a fault.

An input that made a fault is written again by --show READER NUMBER, to look at it.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz.child import made
from tests.fuzz.readers import READERS
from tests.fuzz.run import faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"of {', '.join(READERS)}; default: all")
    parser.add_argument("--count", type=int, default=20_000, help="inputs a reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="readers at a time")
    parser.add_argument("--show", nargs=2, metavar=("READER", "NUMBER"), help="write one input to fuzz-input")
    arguments = parser.parse_args()
    if arguments.show:
        name, number = arguments.show
        path = Path(f"fuzz-input{READERS[name].suffix}")
        path.write_bytes(made(name, arguments.seed, int(number)))
        print(path)
        return 0
    tried, found = 0, []
    with ThreadPoolExecutor(arguments.jobs) as pool:
        chosen = arguments.readers or list(READERS)
        counts = {name: max(arguments.count // READERS[name].slow, 1) for name in chosen}
        runs = [pool.submit(faults, name, count, arguments.seed, print) for name, count in counts.items()]
        for run in runs:
            found += run.result()
        tried = sum(counts.values())
    print(*found, f"{tried} inputs, {len(found)} faults", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
