"""Backgrounds of training pictures: walls, shelves, stripes, lights out of focus."""

import numpy as np


def random_background(rng: np.random.Generator, size: int) -> np.ndarray:
    """(size, size, 3) float32 linear RGB."""
    import cv2

    level = np.exp(rng.normal(-1.7, 0.8))
    corners = (level * np.exp(rng.normal(0, 0.35, (2, 2, 1)) + rng.normal(0, 0.2, 3))).astype(np.float32)
    if rng.random() < 0.08:
        corners[:] = rng.uniform(0, 0.6, 3) * np.array([0.2, 1, 0.4])  # a green screen
    image = cv2.resize(corners, (size, size), interpolation=cv2.INTER_LINEAR)
    kind = rng.choice(["plain", "clouds", "blobs", "stripes", "shelves"], p=[0.25, 0.15, 0.2, 0.1, 0.3])
    if kind == "clouds":
        cells = int(rng.integers(3, 40))
        clouds = np.exp(rng.normal(0, rng.uniform(0.1, 0.7), (cells, cells, 3))).astype(np.float32)
        image *= cv2.resize(clouds, (size, size), interpolation=cv2.INTER_CUBIC).clip(0.05, 4)
    elif kind == "blobs":  # lamps out of focus
        for _ in range(rng.integers(4, 25)):
            colour = level * np.exp(rng.normal(0.6, 0.9)) * np.exp(rng.normal(0, 0.35, 3))
            middle = tuple(int(v) for v in rng.integers(0, size, 2))
            cv2.circle(image, middle, int(rng.uniform(0.02, 0.2) * size), colour.tolist(), -1)
    elif kind == "stripes":
        angle, period = rng.uniform(0, np.pi), rng.uniform(0.02, 0.3) * size
        y, x = np.mgrid[:size, :size].astype(np.float32)
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * np.float32(2 * np.pi / period)) > rng.uniform(-0.7, 0.7)
        image[wave] *= np.exp(rng.normal(0, 0.6, 3)).astype(np.float32)
    elif kind == "shelves":
        for _ in range(rng.integers(3, 30)):
            x, y = rng.uniform(-0.1, 1, 2) * size
            w, h = np.exp(rng.uniform(np.log(0.02), np.log(0.6), 2)) * size
            colour = level * np.exp(rng.normal(0, 0.8) + rng.normal(0, 0.4, 3))
            cv2.rectangle(image, (int(x), int(y)), (int(x + w), int(y + h)), colour.tolist(), -1)
    if rng.random() < 0.6:
        small = cv2.resize(image, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        image = cv2.resize(cv2.GaussianBlur(small, (0, 0), rng.uniform(0.3, 5)), (size, size))
    return np.minimum(image, 3.0)
