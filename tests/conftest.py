"""For all tests."""

from hypothesis import settings

# A busy machine is no reason to fail; what hangs is ended by faulthandler_timeout (pyproject.toml).
settings.register_profile("fields", deadline=None)
settings.load_profile("fields")
