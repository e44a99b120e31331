"""Performances kept in the .blend or in files beside it.

May import common.
"""
