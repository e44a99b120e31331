"""FLAME's pickles are read and never run: what the reader gives, and what it refuses."""

import contextlib
import os
import pickle
import pickletools
import struct
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from fields_blender.core import safe_pickle
from fields_blender.core.errors import FieldsError
from tests import fake_flame


@pytest.fixture
def chumpy_and_scipy(monkeypatch):
    fake_flame.pretend(monkeypatch)


def by_hand(*opcodes: bytes) -> bytes:
    """A dictionary whose part "x" is what the opcodes leave."""
    return b"}\x8c\x01x" + b"".join(opcodes) + b"s."


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("dtype", ["<f8", "<f4", ">f4", "<i4", "<u4", "|u1", "|b1"])
def test_arrays_come_back_bit_by_bit(protocol, dtype):
    array = (np.arange(24).reshape(2, 3, 4) % 7).astype(dtype)
    for made in (array, np.asfortranarray(array), array[:0]):
        back = safe_pickle.loads(pickle.dumps({"a": made, "b": "text"}, protocol), ["a", "b", "c"])
        np.testing.assert_array_equal(back["a"], made)
        assert back["a"].dtype == made.dtype and back["b"] == "text" and "c" not in back


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_chumpy_and_sparse_come_as_arrays(protocol, chumpy_and_scipy):
    dense = np.zeros((5, 40))
    dense[[0, 2, 4, 4], [3, 0, 39, 7]] = 0.25, 1.0, -2.0, 0.5
    data = {
        "v_template": fake_flame.Ch(np.eye(3)),
        "J_regressor": fake_flame.csc_matrix(dense),
        "bs_style": "lbs",
        "scale": np.float64(2.5),
    }
    back = safe_pickle.loads(pickle.dumps(data, protocol), data)
    np.testing.assert_array_equal(back["v_template"], np.eye(3))
    np.testing.assert_array_equal(back["J_regressor"], dense)
    assert back["bs_style"] == "lbs" and back["scale"] == 2.5


@pytest.mark.parametrize("dtype", ["S3", "U3", "c16", "M8[s]", "O"])
def test_arrays_of_anything_but_numbers_are_left_out(dtype):
    data = pickle.dumps({"x": np.zeros(3, dtype), "y": np.arange(3)}, 2)
    back = safe_pickle.loads(data, ["x", "y"])
    assert back["y"].tolist() == [0, 1, 2] and (back["x"] == [0, 0, 0] if dtype == "O" else back["x"] is None)


def test_strings_of_python_2():
    """Arrays pickled by Python 2 hold their bytes as a str."""
    raw = np.arange(3.0).tobytes()
    array = [
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01bt", b"R(K\x01(K\x03t",
        b"cnumpy\ndtype\n(U\x02f8K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb", b"\x89",
        b"U" + bytes([len(raw)]) + raw + b"tb",
    ]  # fmt: skip
    np.testing.assert_array_equal(safe_pickle.loads(by_hand(*array), ["x"])["x"], [0.0, 1.0, 2.0])


class Runs:
    def __init__(self, function, *arguments):
        self.made = function, arguments

    def __reduce__(self):
        return self.made


@pytest.mark.parametrize("protocol", range(0, pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_is_ever_run(protocol, tmp_path):
    mark = tmp_path / "ran"
    for function, arguments in [
        (os.system, (f"touch {mark}",)),
        (eval, (f"open({str(mark)!r}, 'w')",)),
        (getattr, (os, "system")),
        (np.load, (str(mark),)),
        (__import__, ("os",)),
        (open, (str(mark), "w")),
    ]:
        if function is getattr and protocol < 4:
            arguments = ("os", "system")
        try:
            data = pickle.dumps({"v_template": Runs(function, *arguments)}, protocol)
        except TypeError:
            continue  # a module can't be pickled
        with pytest.raises(FieldsError, match="was not opened"):
            safe_pickle.loads(data, ["v_template"])
        assert not mark.exists()


@pytest.mark.parametrize(
    "steps",
    [
        b"\x82\x01",  # a code that others may have registered for anything
        b"Pname\n",  # a persistent id
        b"(ios\nsystem\n",
        b"(cos\nsystem\no",
        b"cnumpy\nndarray\n)R",  # called, not made
        b"cchumpy.ch\nCh\n}R",
        b"\x8c\x05numpy\x8c\x0fndarray.tolist.x\x93",  # dots lead anywhere
        b"cbuiltins\nobject\n)\x81",
        b"]}b",  # put on a list
    ],
)
def test_other_ways_to_run_things_are_refused(steps):
    with pytest.raises(FieldsError):
        safe_pickle.loads(by_hand(steps), ["x"])


BOMBS = {
    "more steps than any model": by_hand(b"N" + b"20" * 300_000),
    "the same list again and again": by_hand(
        b"c__builtin__\nset\n0", b"(" + b"N" * 60_000 + b"tq\x000" + b"cbuiltins\nset\nh\x00\x85Rq\x010" * 9_000 + b"N"
    ),
    "the same text as arrays": by_hand(
        b"X" + struct.pack("<I", 400_000) + b"a" * 400_000 + b"q\x000",
        b"c_codecs\nencode\nh\x00\x8c\x06latin1\x86R0" * 5_000 + b"N",
    ),
    "the same text as arrays that are kept": by_hand(
        b"X" + struct.pack("<I", 400_000) + b"a" * 400_000 + b"q\x000",
        b"(" + b"c_codecs\nencode\nh\x00\x8c\x06latin1\x86R" * 200 + b"l",
    ),
    "a memo of 4 billion": by_hand(b"Nr\xff\xff\xff\xff"),
    "a text of 8 exabytes": by_hand(b"\x8d" + struct.pack("<Q", 2**62) + b"a"),
    "a long of 2 GB": by_hand(b"\x8b" + struct.pack("<i", 2**31 - 1) + b"\x01"),
    "digits without end": by_hand(b"I" + b"9" * 1_000_000 + b"\n"),
    "lists in lists": by_hand(b"(" * 90_000 + b"l" * 90_000),
    "lists that hold each other twice": by_hand(b"]q\x00" + b"".join(b"]q\x01(h\x00h\x00eq\x00" for _ in range(2000))),
    "a dictionary of numbers that collide": by_hand(
        b"}(" + b"".join(b"\x8a\x0a" + (k * (2**61 - 1)).to_bytes(10, "little") + b"N" for k in range(50_000)) + b"u"
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end_soon_and_small(name):
    tracemalloc.start()
    began = time.process_time()
    try:
        safe_pickle.loads(BOMBS[name], ["x"])
    except FieldsError as error:
        assert "\n" not in str(error)
    finally:
        seconds, memory = time.process_time() - began, tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert seconds < 10.0 and memory < 5_000_000 + 60 * len(BOMBS[name])


def test_an_array_of_another_size_than_its_bytes():
    whole = pickle.dumps({"x": np.arange(300, dtype=np.int8)}, 2)
    assert whole.count(struct.pack("<H", 300)) == 1
    with pytest.raises(FieldsError, match="another size"):
        safe_pickle.loads(whole.replace(struct.pack("<H", 300), struct.pack("<H", 301)), ["x"])


@pytest.mark.parametrize("change", ["indptr", "indices", "_shape"])
def test_a_sparse_matrix_that_leads_outside(change, chumpy_and_scipy):
    matrix = fake_flame.csc_matrix(np.eye(4))
    value = {"indptr": np.array([0, 1, 2, 3, 10**9]), "indices": np.array([0, 1, 2, 4]), "_shape": (10**6, 10**6)}
    setattr(matrix, change, value[change])
    with pytest.raises(FieldsError):
        safe_pickle.loads(pickle.dumps({"x": matrix}), ["x"])


def test_a_sparse_matrix_with_sides_of_millions_of_digits_takes_no_time(chumpy_and_scipy):
    matrix = fake_flame.csc_matrix(np.eye(4))
    matrix._shape = (1 << 80_000_000, 1 << 80_000_000)
    data, began = pickle.dumps({"x": matrix}), time.process_time()
    with pytest.raises(FieldsError, match="larger than any model"):
        safe_pickle.loads(data, ["x"])
    assert time.process_time() - began < 0.5


_WHOLE = pickle.dumps({"v_template": np.eye(3), "f": np.arange(6).reshape(2, 3), "names": ["a", {"b": 1.5}]}, 2)
_OPCODES = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]


@seed(5)
@settings(max_examples=300)
@given(st.lists(st.one_of(st.sampled_from(_OPCODES), st.binary(max_size=4)), max_size=40))
def test_any_opcodes_give_a_sentence(parts):
    try:
        safe_pickle.loads(b"".join(parts) + b".", ["x"])
    except FieldsError as error:
        assert str(error).startswith("This file") and "\n" not in str(error)


@seed(5)
@settings(max_examples=300)
@given(st.data())
def test_damaged_files_give_a_sentence(data):
    damaged = bytearray(_WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FieldsError):
        safe_pickle.loads(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]), ["v_template", "f", "names"])
