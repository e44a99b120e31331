"""Where the reference data for training, tests and tools lies: $FIELDS_SHARED, or `../shared` beside the checkout."""

import os
from pathlib import Path

SHARED = Path(os.environ.get("FIELDS_SHARED") or Path(__file__).resolve().parents[2] / "shared").absolute()


def find(*parts: str) -> Path:
    """A path below SHARED, whether it exists or not."""
    return SHARED.joinpath(*parts)
