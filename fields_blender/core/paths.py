"""Where the extension lies, and the data beside its code."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "models"
MAPPINGS = MODELS / "mappings"
