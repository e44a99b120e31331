"""Small videos whose frame number can be read back from the picture, for tests.

`write_video` needs cv2 alone. The files in tests/data/clips need an ffmpeg program to be made, so they are kept in the
repository (a few KB each); `python -m tests.make_clips` makes them again.
"""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

DATA = Path(__file__).parent / "data" / "clips"
CELL = 16
# A 4 x 4 board: the corners say which way is up (only the top left one is white), the other 12 cells are the bits.
CORNERS = [(0, 0), (0, 3), (3, 0), (3, 3)]
BITS = [(row, column) for row in range(4) for column in range(4) if (row, column) not in CORNERS]


def painted(number: int, width: int = 4 * CELL, height: int = 4 * CELL) -> np.ndarray:
    """(h, w, 3) uint8: `number` (below 4096) as a board of black and white cells."""
    board = np.full((4, 4), 32, dtype=np.uint8)
    board[0, 0] = 224
    for bit, cell in enumerate(BITS):
        board[cell] = 224 if number >> bit & 1 else 32
    rows = np.arange(height) * 4 // height
    columns = np.arange(width) * 4 // width
    return np.repeat(board[rows][:, columns, None], 3, axis=2)


def read_number(image: np.ndarray) -> int:
    """The number `painted` wrote; -1 where the picture is no board that stands upright."""
    height, width = image.shape[:2]
    rows, columns = ((np.arange(4) + 0.5) * height / 4).astype(int), ((np.arange(4) + 0.5) * width / 4).astype(int)
    gray = image.astype(np.float64).mean(axis=2)
    # A few pixels around each cell's centre, so that compression does not matter.
    board = np.mean([gray[np.ix_(rows + dy, columns + dx)] for dy in (-2, 0, 2) for dx in (-2, 0, 2)], axis=0) > 128
    if [bool(board[corner]) for corner in CORNERS] != [True, False, False, False]:
        return -1
    return sum(1 << bit for bit, cell in enumerate(BITS) if board[cell])


def write_video(path: Path, count: int, fps: float, fourcc: str = "mp4v", size: tuple[int, int] = (64, 64)) -> Path:
    """`count` painted frames at a constant rate."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), fps, size)
    if not writer.isOpened():
        raise RuntimeError(f"cv2 can't write {fourcc}")
    for number in range(count):
        writer.write(painted(number, *size))
    writer.release()
    return path


def write_pictures(folder: Path, count: int, suffix: str = ".png") -> list[Path]:
    """Painted pictures f1, f2, ... f10: in an order that plain sorting gets wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"f{number + 1}{suffix}" for number in range(count)]
    for number, path in enumerate(paths):
        cv2.imwrite(str(path), painted(number))
    return paths


# Milliseconds at which the frames of vfr.mp4 are shown: a phone that drops frames in the dark.
VFR_STAMPS = [33 * i for i in range(10)] + [400 + 67 * i for i in range(10)] + [1100, 1133, 1300, 1310, 1500, 1533]


def _ffmpeg(pictures: Sequence[np.ndarray], output: Path, *options: str, rate: str = "30", stdout=None):
    with tempfile.TemporaryDirectory() as folder:
        for i, image in enumerate(pictures):
            cv2.imwrite(f"{folder}/{i:04d}.png", image)
        command = ["ffmpeg", "-y", "-v", "error", "-framerate", rate, "-i", f"{folder}/%04d.png", *options]
        subprocess.run(
            [*command, "-fflags", "+bitexact", "-map_metadata", "-1", str(output)], check=True, stdout=stdout
        )


def _make_data() -> None:
    DATA.mkdir(parents=True, exist_ok=True)
    frames = [painted(i) for i in range(30)]
    h264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "28", "-g", "12", "-bf", "2"]
    # Numbered at 1000 a second, then moved to where they belong.
    stamps = "+".join(f"eq(N,{i})*{stamp}" for i, stamp in enumerate(VFR_STAMPS))
    options = [
        "-vf",
        f"settb=1/1000,setpts='{stamps}'",
        "-vsync",
        "passthrough",
        "-enc_time_base",
        "1/1000",
        "-bf",
        "0",
    ]
    options += [*h264[:-2], "-video_track_timescale", "1000"]
    _ffmpeg([painted(i) for i in range(len(VFR_STAMPS))], DATA / "vfr.mp4", *options, rate="1000")
    # A phone held sideways: stored turned to the right, with a mark that says to turn it left again.
    _ffmpeg([np.rot90(painted(i, 64, 96), -1) for i in range(4)], DATA / "turned.mp4", *h264)
    subprocess.run(
        ["ffmpeg", "-y", "-v", "error", "-i", str(DATA / "turned.mp4"), "-c", "copy"]
        + ["-metadata:s:v:0", "rotate=90", str(DATA / "rotated.mp4")],
        check=True,
    )
    (DATA / "turned.mp4").unlink()
    _ffmpeg(frames[:4], DATA / "ten_bit.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p10le", "-crf", "28")
    transparent = [np.dstack([image, np.full(image.shape[:2], 128, np.uint8)]) for image in frames[:4]]
    _ffmpeg(transparent, DATA / "alpha.webm", "-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p")
    _ffmpeg(transparent, DATA / "alpha.mov", "-c:v", "qtrle", "-pix_fmt", "argb")
    odd = [painted(i, 65, 67) for i in range(4)]
    _ffmpeg(odd, DATA / "odd.mp4", "-c:v", "libx264", "-pix_fmt", "yuv444p", "-crf", "28")
    _ffmpeg(frames[:4], DATA / "wide_pixels.mp4", *h264, "-vf", "setsar=2/1")
    _ffmpeg(frames, DATA / "raw.h264", *h264)
    _ffmpeg(frames, DATA / "cut_off.mp4", *h264, "-g", "1", "-crf", "1", "-movflags", "+faststart")
    whole = (DATA / "cut_off.mp4").read_bytes()
    (DATA / "cut_off.mp4").write_bytes(whole[: -len(whole) // 3])
    _ffmpeg(frames, DATA / "no_index.mp4", *h264)
    whole = (DATA / "no_index.mp4").read_bytes()
    (DATA / "no_index.mp4").write_bytes(whole[: len(whole) // 2])
    # As a browser records it: it doesn't know yet how long it will be.
    with (DATA / "no_length.webm").open("wb") as pipe:
        _ffmpeg(frames, Path("-"), "-c:v", "libvpx", "-b:v", "100k", "-f", "webm", "-live", "1", stdout=pipe)
    # A call whose picture grows midway.
    parts = [DATA / f"part{size}.ts" for size in (64, 128)]
    for part, size, first in zip(parts, (64, 128), (0, 15), strict=True):
        pictures = [painted(i, size, size) for i in range(first, first + 15)]
        _ffmpeg(pictures, part, *h264[:-2], "-output_ts_offset", str(first / 30))
    (DATA / "growing.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    for part in parts:
        part.unlink()
    sound = ["-f", "lavfi", "-i", "sine=duration=1", *h264, "-c:a", "aac", "-b:a", "16k"]
    _ffmpeg(frames, DATA / "with_sound.mp4", *sound)
    for name in ("sound.m4a", "sound.mp4"):
        subprocess.run(
            ["ffmpeg", "-y", "-v", "error", "-f", "lavfi", "-i", "sine=duration=0.2", "-c:a", "aac"]
            + ["-fflags", "+bitexact", str(DATA / name)],
            check=True,
        )


if __name__ == "__main__":
    _make_data()
