"""For all tests."""

import os

from hypothesis import settings

# Before any test imports onnxruntime: as fields_blender.capture.device does for the artist.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# A busy machine is no reason to fail; what hangs is ended by faulthandler_timeout (pyproject.toml).
settings.register_profile("fields", deadline=None)
settings.load_profile("fields")
