"""Random cameras for training pictures: position, lens, and the effects of sensor and file compression."""

from dataclasses import dataclass
from functools import cache

import numpy as np

_FACE_WIDTH = 2.2  # IOU
_NEAREST = 4.2  # IOU: arm's length
_NOISE_TILE = 1024
_TONES = 4096
SHARP = 0.65  # px, blur of a good lens
_BRIGHTEST = 2.0  # linear light at the top of the tone curve


@dataclass(frozen=True)
class View:
    """place (3,): the camera's position in IOU from between the eyes, looking along -z; focal px; size px."""

    place: np.ndarray
    focal: float
    size: int

    def project(self, points: np.ndarray) -> np.ndarray:
        """(m, 3) in camera axes about the head -> (m, 2) px, x right, y down, the centre of the first pixel at .5."""
        away = self.place[2] - points[:, 2]
        x = self.size / 2 + self.focal * (points[:, 0] - self.place[0]) / away
        y = self.size / 2 - self.focal * (points[:, 1] - self.place[1]) / away
        return np.stack([x, y], axis=1)


def random_view(rng: np.random.Generator, size: int) -> View:
    """Field of view 12 to 70 degrees, log-uniform; the picture is 2.9 to 6 IOU wide at the face."""
    wide = np.exp(rng.uniform(np.log(2.9), np.log(6.0)))
    half = 0.5 * np.radians(np.exp(rng.uniform(np.log(12), np.log(70))))
    half = min(half, np.arctan(wide / 2 / _NEAREST))
    room = max(wide - 3.0, 0.0) / 2
    x, y = rng.normal(0, 0.12, 2) + rng.uniform(-0.45, 0.45, 2) * room
    return View(np.array([x, y - 0.35, wide / 2 / np.tan(half) + 0.4]), size / 2 / np.tan(half), size)


@dataclass(frozen=True)
class Film:
    """The response of one camera: the same for a picture and its twin."""

    gain: np.ndarray  # (3,) exposure and white balance
    tones: np.ndarray  # (4096,) linear light 0..2 -> 0..255
    vignette: float
    blur: float  # standard deviation, px
    smear: np.ndarray | None  # motion blur kernel
    shrink: float  # 1 for none
    shift: np.ndarray  # (3,) added to R, G, B of 255
    noise: float  # standard deviation, of 255
    grain: int  # px
    grey: bool
    qualities: tuple[int, ...]  # of the JPEG files it went through

    @property
    def clear(self) -> bool:
        """Whether it is a good camera: sharp, in colour, with little noise."""
        return self.smear is None and self.blur < SHARP and not self.grey and self.shrink == 1 and self.noise < 5

    def develop(self, rng: np.random.Generator, light: np.ndarray) -> np.ndarray:
        """Linear RGB (h, h, 3) float32 -> BGR uint8."""
        import cv2

        size = light.shape[0]
        image = light * self.gain.astype(np.float32)
        if self.vignette:
            image *= (1 - self.vignette * _far_from_middle(size))[:, :, None]
        if self.smear is not None:
            image = cv2.filter2D(image, -1, self.smear)
        image = cv2.GaussianBlur(image, (3, 3) if self.blur < SHARP else (0, 0), self.blur)
        if self.shrink < 1:
            image = cv2.resize(image, None, fx=self.shrink, fy=self.shrink, interpolation=cv2.INTER_AREA)
        image = self.tones[np.clip(image * (_TONES / _BRIGHTEST), 0, _TONES - 1).astype(np.uint16)]
        if self.noise:
            image += self.noise * _noise(rng, image.shape[0], self.grain)
        if self.shift.any():
            image += self.shift.astype(np.float32)
        if self.shrink < 1:
            image = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)
        image = cv2.convertScaleAbs(np.maximum(image, 0, out=image))
        if self.grey:
            image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2BGR)
        else:
            image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        for quality in self.qualities:
            _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
            image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        return image


def random_film(rng: np.random.Generator, pixels_an_iou: float) -> Film:
    gain = np.exp(rng.normal(0, 0.22)) * np.exp(rng.normal(0, 0.04, 3))
    linear = np.linspace(0, _BRIGHTEST, _TONES)
    shoulder = rng.uniform(0.6, 0.95)  # level from which highlights are compressed
    compressed = np.where(linear < shoulder, linear, 1 - (1 - shoulder) * np.exp(-(linear - shoulder) / (1 - shoulder)))
    tones = compressed ** (1 / rng.uniform(1.8, 2.5))
    contrast = rng.uniform(-0.15, 0.35)
    tones = tones + contrast * tones * (1 - tones) * (2 * tones - 1)
    smear = None
    if rng.random() < 0.10:
        smear = _smear(rng.uniform(2, 7), rng.uniform(0, np.pi))
    shrink = 1.0
    if rng.random() < 0.3:
        shrink = min(np.exp(rng.uniform(np.log(40), np.log(128))) / (_FACE_WIDTH * pixels_an_iou), 1.0)
    quality = ()
    if rng.random() < 0.5:
        quality = (int(rng.uniform(25, 95)),)
    if rng.random() < 0.12:
        quality = (int(rng.uniform(12, 40)), *quality)
    return Film(
        gain=gain,
        tones=(255 * tones).astype(np.float32),
        vignette=rng.uniform(0.1, 0.6) * (rng.random() < 0.3),
        blur=rng.uniform(0.7, 1.7) if rng.random() < 0.3 else rng.uniform(0.3, 0.6),  # no lens is quite sharp
        smear=smear,
        shrink=shrink,
        shift=rng.normal(0, 9, 3) * (rng.random() < 0.25),
        noise=np.exp(rng.uniform(np.log(1.0), np.log(10.0))) if rng.random() < 0.5 else rng.uniform(0, 1.0),
        grain=int(rng.choice([1, 1, 2])),
        grey=bool(rng.random() < 0.12),
        qualities=quality,
    )


def _smear(length: float, angle: float) -> np.ndarray:
    """(k, k) kernel of a line of `length` px."""
    k = 2 * int(np.ceil(length / 2)) + 1
    kernel = np.zeros((k, k), np.float32)
    for t in np.linspace(-length / 2, length / 2, 4 * k):
        kernel[round(k // 2 + t * np.sin(angle)), round(k // 2 + t * np.cos(angle))] += 1
    return kernel / kernel.sum()


@cache
def _far_from_middle(size: int) -> np.ndarray:
    """(size, size) 0 in the middle, 1 in the corners, growing with the square of the distance."""
    t = np.linspace(-1, 1, size, dtype=np.float32) ** 2
    return (t[:, None] + t[None, :]) / 2


@cache
def _noise_tile() -> np.ndarray:
    """Drawing a quarter million normal numbers takes longer than rendering the face, so noise is cut from one tile."""
    return np.random.default_rng(7).standard_normal((_NOISE_TILE, _NOISE_TILE, 3)).astype(np.float32)


def _noise(rng: np.random.Generator, size: int, grain: int) -> np.ndarray:
    import cv2

    x, y = rng.integers(0, _NOISE_TILE - size, 2)
    tile = _noise_tile()[y : y + size : grain, x : x + size : grain]
    tile = tile[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    if grain > 1:
        tile = cv2.resize(np.ascontiguousarray(tile), (size, size), interpolation=cv2.INTER_LINEAR)
    return tile
