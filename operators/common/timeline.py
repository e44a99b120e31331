"""Scene frames and seconds."""

from typing import Any


def rate(scene: Any) -> float:
    """Scene frames per second."""
    return scene.render.fps / scene.render.fps_base
