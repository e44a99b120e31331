"""How training pictures are made: skin, hair, clothes, light, lens, renderer, and the shards.

May import `people`, `shards`.
"""
