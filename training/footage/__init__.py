"""Real pictures as training data: scans with their videos, unlabelled footage.

May import `people`, `flame`, `shards`.
"""
