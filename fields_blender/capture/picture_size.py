"""How large the picture in a file is, and whether it is of a kind that is safe to decode, before any of it is decoded.

cv2 goes by what a file holds, not by what it is called: without this a .png could be a JPEG 2000, whose decoder crashes
on damaged files, or claim gigabytes.
"""

import struct

# A decoded picture may take so many bytes, and so many times the bytes of its file: as everywhere (core/files.py), but
# pictures are packed less.
BYTES, TIMES = 64_000_000, 20
LARGEST_SIDE = 32_000  # px
_TIFF = {b"II*\x00": "<", b"MM\x00*": ">"}
_SIZES = {256: "width", 257: "height"}


def size(data: bytes) -> tuple[int, int]:
    """(width, height) px. ValueError where the file is cut short, of another kind, or claims more than it can hold."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        found = _png(data)
    elif data.startswith(b"\xff\xd8"):
        found = _jpeg(data)
    elif data.startswith(b"BM"):
        found = _bmp(data)
    elif data[:4] in _TIFF:
        found = _tiff(data)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        found = _webp(data)
    elif data[:1] == b"P" and data[1:2] in b"123456" and data[2:3].isspace():
        found = _pnm(data)
    else:
        raise ValueError("a kind of picture that is not read")
    width, height = found
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        raise ValueError("no size of a picture")
    if width * height * 3 > BYTES + TIMES * len(data):
        raise ValueError("larger than such a file can be")
    return found


def _png(data: bytes) -> tuple[int, int]:
    """Also checks that every part lies within the file: cv2 makes room for what a part claims to hold."""
    at, found = 8, (0, 0)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if length > len(data) - at - 12:
            raise ValueError("cut short")
        if kind == b"IHDR" and length == 13:
            found = struct.unpack_from(">II", data, at + 8)
        if kind == b"acTL":
            raise ValueError("an animation")
        if kind == b"IEND":
            break
        at += 12 + length
    return found


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        kind = data[at + 1]
        if kind == 0xFF:  # filling
            at += 1
        elif kind in (0x01, *range(0xD0, 0xD8)):
            at += 2
        elif kind in range(0xC0, 0xD0) and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5) if at + 9 <= len(data) else (0, 0)
            return width, height
        else:
            at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    raise ValueError("no JPEG that is whole")


def _bmp(data: bytes) -> tuple[int, int]:
    if len(data) < 26:
        raise ValueError("cut short")
    if struct.unpack_from("<I", data, 14)[0] == 12:
        return struct.unpack_from("<HH", data, 18)
    width, height = struct.unpack_from("<ii", data, 18)
    return abs(width), abs(height)


def _tiff(data: bytes) -> tuple[int, int]:
    order = _TIFF[data[:4]]
    if len(data) < 8:
        raise ValueError("cut short")
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    if at + 2 > len(data):
        raise ValueError("cut short")
    found = {"width": 0, "height": 0}
    for entry in range(struct.unpack_from(f"{order}H", data, at)[0]):
        place = at + 2 + 12 * entry
        if place + 12 > len(data):
            raise ValueError("cut short")
        tag, kind = struct.unpack_from(f"{order}HH", data, place)
        if tag in _SIZES:
            found[_SIZES[tag]] = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", data, place + 8)[0]
    return found["width"], found["height"]


def _webp(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if len(data) < 30:
        raise ValueError("cut short")
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _pnm(data: bytes) -> tuple[int, int]:
    words: list[bytes] = []
    for line in data[2:2000].split(b"\n"):
        words += line.partition(b"#")[0].split()
        if len(words) >= 2:
            return int(words[0][:9]), int(words[1][:9])
    raise ValueError("cut short")
