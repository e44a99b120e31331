"""What every room needs: sentences, preferences, devices, the scene's rate, long jobs.

Imports fields_blender alone.
"""
