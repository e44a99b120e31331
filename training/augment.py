"""What else a camera could have done to the windows of a training picture; on uint8 arrays, a part of the rows each."""

import cv2
import numpy as np

# How far a window may be cut beside its place, px: what make_data left around it.
FARTHEST = (4, 4, 6)  # eye left, eye right, mouth


def offsets(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, 3, 2) px right and down for `load.Data.windows`: landmarks are a little off, on real faces most."""
    reach = np.array(FARTHEST)[:, None]
    return np.clip(np.round(rng.normal(0, 0.45, (count, 3, 2)) * reach), -reach, reach).astype(int)


def spoil(rng: np.random.Generator, eyes: np.ndarray, mouth: np.ndarray) -> None:
    """Change eyes (n, 2, h, w, 3) and mouth (n, h, w, 3) in place: colour, grey, blur, noise, uneven light, things
    before the face. The renders have lived through a camera already, so most rows stay as they are.
    """
    for k in range(len(mouth)):
        chance = rng.random(6)
        if not (chance < (0.2, 0.1, 0.12, 0.1, 0.2, 0.15)).any():
            continue
        windows = [eyes[k, 0], eyes[k, 1], mouth[k]]
        if chance[0] < 0.2:
            _recolour(rng, windows)
        if chance[1] < 0.1:
            for window in windows:
                window[:] = cv2.cvtColor(window, cv2.COLOR_RGB2GRAY)[:, :, None]
        if chance[2] < 0.12:
            _soften(rng, windows)
        if chance[3] < 0.1:
            level = rng.uniform(2, 14)
            for window in windows:
                noise = level * rng.standard_normal(window.shape, np.float32)
                window[:] = np.clip(window + noise, 0, 255)
        if chance[4] < 0.2:
            for window in windows:
                _shade(rng, window)
        if chance[5] < 0.15:
            _cover(rng, windows[rng.integers(3)])


def _recolour(rng: np.random.Generator, windows: list[np.ndarray]) -> None:
    tone = np.linspace(0, 1, 256) ** np.exp(rng.normal(0, 0.25))
    table = np.clip(255 * tone[:, None] * np.exp(rng.normal(0, 0.15, 3)), 0, 255).astype(np.uint8)
    for window in windows:
        window[:] = cv2.LUT(window, table[:, None])


def _soften(rng: np.random.Generator, windows: list[np.ndarray]) -> None:
    share = rng.uniform(0.3, 0.8)
    for window in windows:
        size = window.shape[0]
        small = cv2.resize(window, (int(size * share),) * 2, interpolation=cv2.INTER_AREA)
        window[:] = cv2.resize(small, (size, size))


def _shade(rng: np.random.Generator, window: np.ndarray) -> None:
    ramp = np.linspace(-1, 1, window.shape[0], dtype=np.float32)
    across, down = rng.normal(0, 0.25, 2).astype(np.float32)
    light = 1 + across * ramp[None, :] + down * ramp[:, None]
    window[:] = np.clip(window * light[:, :, None], 0, 255)


def _cover(rng: np.random.Generator, window: np.ndarray) -> None:
    size = window.shape[0]
    height, width = rng.integers(size // 8, size // 2, 2)
    top, left = rng.integers(-height // 2, size - height // 2), rng.integers(-width // 2, size - width // 2)
    window[max(top, 0) : top + height, max(left, 0) : left + width] = rng.integers(0, 256, 3)
