"""Settings for all tests."""

import os

from hypothesis import settings

# Before any test imports onnxruntime: as fields_blender.capture.device does for the artist.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# No deadline: a test must not fail because the machine is busy. faulthandler_timeout (pyproject.toml) ends what hangs.
settings.register_profile("fields", deadline=None)
settings.load_profile("fields")
