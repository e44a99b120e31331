"""Changes to files, by chance but repeatable: what a disk, a careless program or a hostile person does to them."""

import io
import json
import struct
import zipfile
from random import Random

NUMBERS = (
    b"0", b"-1", b"1e308", b"-1e308", b"1e-320", b"nan", b"inf", b"-inf", b"9223372036854775808", b"4294967295",
    b"1e999", b"0.000001", b"100000000", b"null", b"true", b'""', b"[]", b"{}", b'"\\ud800"', b"1e12",
)  # fmt: skip
BITS = (0, 1, 0x7F, 0x80, 0xFF)
TEXTS = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r\n",
    b",",
    b";",
    b'"',
    b"=",
    b"|",
    b"&",
    b":",
    b"\\ud800",
    b"\xed\xa0\x80",
)
LARGEST_ZIP = 5_000_000  # bytes unpacked: what is larger is changed from outside only
VALUES = (
    None, True, -1, 0, 1e308, 10**400, "", "x" * 70_000, "\ud800", [], {}, [[]], {"": 0}, ["x"], [1e308] * 3, -(2**63),
)  # fmt: skip


def mutated(data: bytes, others: list[bytes], random: Random) -> bytes:
    """`data` with one to four changes. `others`: files of the same kind, for splices."""
    for _ in range(random.choice((1, 1, 1, 2, 3, 4))):
        data = random.choice(CHANGES)(data, others, random)
    return data


def _flip(data: bytes, _others: list[bytes], random: Random) -> bytes:
    made = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8, 64))):
        if made:
            made[random.randrange(len(made))] ^= 1 << random.randrange(8)
    return bytes(made)


def _replace(data: bytes, _others: list[bytes], random: Random) -> bytes:
    made = bytearray(data)
    if made:
        made[random.randrange(len(made))] = random.choice(BITS)
    return bytes(made)


def _size(data: bytes, _others: list[bytes], random: Random) -> bytes:
    """A number of four or eight bytes, such as a size or an offset, becomes another."""
    form = random.choice(("<I", ">I", "<Q", "<H", ">H"))
    width, at = struct.calcsize(form), random.randrange(len(data) + 1)
    value = random.choice((0, 1, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, len(data), 2**63 - 1)) % 256**width
    return data[:at] + struct.pack(form, value) + data[at + width :]


def _cut(data: bytes, _others: list[bytes], random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _without(data: bytes, _others: list[bytes], random: Random) -> bytes:
    first, last = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return data[:first] + data[min(last, first + 4000) :]


def _repeated(data: bytes, _others: list[bytes], random: Random) -> bytes:
    first = random.randrange(len(data) + 1)
    part = data[first : first + random.choice((1, 8, 100, 2000))]
    return data[:first] + part * random.choice((2, 3, 50, 1000)) + data[first:] if len(data) < 1_000_000 else data


def _spliced(data: bytes, others: list[bytes], random: Random) -> bytes:
    other = random.choice(others)
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :]


def _inserted(data: bytes, _others: list[bytes], random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(TEXTS) * random.choice((1, 1, 1, 300, 5000)) + data[at:]


def _number(data: bytes, _others: list[bytes], random: Random) -> bytes:
    """A number written in letters becomes another, or something that is none."""
    digits = [i for i, byte in enumerate(data[:200_000]) if 48 <= byte <= 57]
    if not digits:
        return data
    first = last = random.choice(digits)
    while last < len(data) and data[last : last + 1] in (b"0123456789.-+eE") and data[last : last + 1]:
        last += 1
    return data[:first] + random.choice(NUMBERS) + data[last:]


def _json(data: bytes, _others: list[bytes], random: Random) -> bytes:
    """A value somewhere in JSON becomes another."""
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        return data
    places: list = []

    def walk(node: object, depth: int) -> None:
        for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            places.append((node, key))
            if depth < 12:
                walk(node[key], depth + 1)  # pyright: ignore[reportIndexIssue]

    walk(whole, 0)
    if not places:
        return data
    node, key = random.choice(places)
    if random.random() < 0.2 and isinstance(node, dict):
        node[random.choice(("", "\ud800", "x" * 3000, "format"))] = node.pop(key)
    else:
        node[key] = random.choice(VALUES)
    return json.dumps(whole).encode()


def _nested(data: bytes, _others: list[bytes], random: Random) -> bytes:
    kind, deep = random.choice((b"[", b'{"a":')), random.choice((100, 5_000, 100_000))
    at = random.choice((0, random.randrange(len(data) + 1)))
    return data[:at] + kind * deep + data[at:]


def _in_zip(data: bytes, others: list[bytes], random: Random) -> bytes:
    """What is packed changes, and the zip is whole again."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST_ZIP:
                return data
            files = {name: archive.read(name) for name in archive.namelist()[:40]}
    except Exception:  # no zip, or one that was damaged before
        return data
    if not files:
        return data
    name = random.choice(list(files))
    what = random.random()
    if what < 0.75:
        inner = random.choice((_flip, _replace, _number, _number, _cut, _without, _inserted, _json, _spliced))
        files[name] = inner(files[name], [*files.values()], random)
    elif what < 0.9:
        del files[name]
    else:
        files[random.choice(("x.npy", "../x.npy", "time.npy", "meta.npy", "expression.npy"))] = files[name]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for each, content in files.items():
            archive.writestr(each, content)
    return buffer.getvalue()


CHANGES = (
    _flip, _flip, _replace, _size, _cut, _without, _repeated, _spliced, _inserted, _number, _number, _json, _json,
    _nested, _in_zip, _in_zip, _in_zip,
)  # fmt: skip
