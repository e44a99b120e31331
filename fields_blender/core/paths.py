"""Where the extension is installed, and the data that comes with it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "models"
MAPPINGS = MODELS / "mappings"
