"""python -m tests.kill [KIND ...] [--count 50]: captures that end too early; exit code 1 if one loses too much."""

import argparse
import sys
from random import Random

from tests.kill.kinds import KINDS, MOST_LOST


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kill", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; default: all")
    parser.add_argument("--count", type=int, default=50, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    failed = False
    for kind in arguments.kinds or KINDS:
        lost = []
        for number in range(arguments.count):
            done, there = KINDS[kind](Random(f"{kind} {arguments.seed} {number}"))
            lost.append(done - there)
        worst = max(lost)
        failed |= worst > MOST_LOST
        print(
            f"{kind}: {len(lost)} times, at most {worst} frames lost, {sum(lost) / len(lost):.1f} on average",
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
