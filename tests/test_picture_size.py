"""What a picture claims to be is known before any of it is decoded, and what no such file can hold is not decoded."""

import struct
import zlib

import numpy as np
import pytest

from fields_blender.capture import picture_size
from fields_blender.capture.video import PICTURES, read_picture

cv2 = pytest.importorskip("cv2")
PLAIN = np.random.default_rng(1).integers(0, 255, (30, 50, 3), np.uint8)


def encoded(suffix: str, image=PLAIN, *options) -> bytes:
    return cv2.imencode(suffix, image, list(options))[1].tobytes()


@pytest.mark.parametrize("suffix", sorted(PICTURES))
def test_the_size_is_the_pictures_and_it_is_read(tmp_path, suffix):
    image = PLAIN[..., 0] if suffix == ".pgm" else PLAIN
    (tmp_path / f"a{suffix}").write_bytes(encoded(suffix, image))
    assert picture_size.size(encoded(suffix, image)) == (50, 30)
    assert read_picture(tmp_path / f"a{suffix}").shape == (30, 50, 3)


@pytest.mark.parametrize(
    "data",
    [
        encoded(".jpg", PLAIN, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), encoded(".png", PLAIN.astype(np.uint16) * 200),
        encoded(".png", np.dstack([PLAIN, PLAIN[..., 0]])), encoded(".webp", PLAIN, cv2.IMWRITE_WEBP_QUALITY, 101),
        encoded(".jpg", PLAIN[..., 0]), encoded(".tiff", PLAIN.astype(np.uint16)),
        b"P3 # a comment\n# another\n50 30 255\n" + b"1 2 3 " * 1500,
    ],
)  # fmt: skip
def test_other_forms_of_these_kinds(data):
    assert picture_size.size(data) == (50, 30)


@pytest.mark.parametrize("suffix", [".jp2", ".exr", ".hdr", ".ras", ".gif", ".avif"])
def test_other_kinds_are_not_decoded_whatever_they_are_called(tmp_path, suffix):
    try:
        large = np.tile(PLAIN, (8, 8, 1))
        data = encoded(suffix, large.astype(np.float32) if suffix in (".exr", ".hdr") else large)
    except cv2.error:
        pytest.skip("this cv2 does not write it")
    (tmp_path / "a.png").write_bytes(data)
    assert read_picture(tmp_path / "a.png") is None


def test_claims_of_gigabytes_are_not_believed(tmp_path):
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(9000))) + chunk(b"IEND", b"")
    for data in (png, b"P5 30000 30000 255\n" + bytes(100)):
        with pytest.raises(ValueError, match="larger than"):
            picture_size.size(data)
        (tmp_path / "a.png").write_bytes(data)
        assert read_picture(tmp_path / "a.png") is None


def test_a_photo_of_today_is_read():
    """24 megapixels in 3 MB, and a frame of 4K that is all black."""
    assert picture_size.size(b"P6 6000 4000 255\n" + bytes(3_000_000)) == (6000, 4000)
    assert picture_size.size(encoded(".png", np.zeros((2160, 3840, 3), np.uint8))) == (3840, 2160)


def test_pipes_are_not_opened(tmp_path):
    import os

    if not hasattr(os, "mkfifo"):
        pytest.skip("POSIX")
    os.mkfifo(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png") is None
