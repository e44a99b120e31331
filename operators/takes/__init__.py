"""Takes: performances stored in the .blend or in files beside it.

May import common.
"""
