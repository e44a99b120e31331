"""From a performance to F-curves, layers and live re-baking.

May import common, takes, head and props.
"""
