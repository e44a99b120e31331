"""An Actor goes through a file unchanged, and a file that holds none is refused with a sentence."""

import io
import json
import zipfile

import numpy as np
import pytest

from fields_blender.capture import actor
from fields_blender.capture.actor import Actor
from fields_blender.core.errors import FieldsError

ANN = Actor("Änn / Ω", np.linspace(-3, 3, 40, dtype=np.float32), 12, "ab" * 32)


def test_there_and_back(tmp_path):
    actor.save(ANN, tmp_path / "ann.npz")
    back = actor.load(tmp_path / "ann.npz")
    assert (back.name, back.count, back.encoder) == (ANN.name, ANN.count, ANN.encoder)
    np.testing.assert_array_equal(back.rest, ANN.rest)


def test_a_later_version_may_add_arrays():
    data = io.BytesIO(actor.dumps(ANN))
    with zipfile.ZipFile(data, "a") as archive:
        extra = io.BytesIO()
        np.save(extra, np.zeros(3))
        archive.writestr("shape.npy", extra.getvalue())
    np.testing.assert_array_equal(actor.loads(data.getvalue(), "x").rest, ANN.rest)


def _with(**changed) -> bytes:
    meta = {"format": 1, "kind": "actor", "name": "A", "count": 1, "encoder": "0"}
    arrays = {"rest": np.zeros(4, np.float32), **{k: v for k, v in changed.items() if k == "rest"}}
    meta |= {k: v for k, v in changed.items() if k != "rest"}
    buffer = io.BytesIO()
    np.savez(buffer, meta=np.array(json.dumps(meta)), **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"PK\x03\x04", b"no zip", actor.dumps(ANN)[:-30], _with(kind="track"), _with(format=2), _with(count=0),
        _with(count="many"), _with(rest=np.full(4, np.nan)), _with(rest=np.zeros((2, 2))), _with(rest=np.array(["a"])),
    ],
    ids=range(11),
)  # fmt: skip
def test_what_holds_no_actor_is_refused(data):
    with pytest.raises(FieldsError, match=r"who\.npz holds no actor"):
        actor.loads(data, "who.npz")


def test_a_small_file_can_not_ask_for_much_memory():
    with pytest.raises(FieldsError, match="larger than an actor can be"):
        buffer = io.BytesIO()
        np.savez_compressed(buffer, meta=np.array("{}"), rest=np.zeros(3_000_000, np.float32))
        actor.loads(buffer.getvalue(), "bomb.npz")
