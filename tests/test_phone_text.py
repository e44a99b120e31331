"""Text files of phone apps: iFacialMocap and Face Cap."""

import numpy as np
import pytest

from fields_blender.core.names import ARKIT, JAW_OPEN
from fields_blender.exchange import phone_text, recordings
from fields_blender.exchange.head_rotation import head_rotation
from tests.recorded import IFACIALMOCAP, face_cap, weights_of


def test_ifacialmocap(tmp_path):
    lost = IFACIALMOCAP.replace("tongueOut-0", "trackingStatus-0")
    (tmp_path / "a.txt").write_text("\n".join([IFACIALMOCAP, lost, "", IFACIALMOCAP.replace("-12|", "-60|"), "?"]))
    made = recordings.read(tmp_path / "a.txt")
    np.testing.assert_allclose(made.time, [0, 1 / 60, 2 / 60, 3 / 60])
    assert made.found.tolist() == [True, False, True, False]
    np.testing.assert_allclose(made["jaw"][[0, 2], 0], [0.12 * JAW_OPEN, 0.6 * JAW_OPEN], rtol=1e-5)
    np.testing.assert_allclose(made["eyelids"][0], 0.07, rtol=1e-5)
    # The face points up and to its right; both eyes look down and at something near, as the eyes' own angles say.
    assert made["head"][0, 0] < -0.3 and made["head"][0, 1] < -0.08
    assert (made["gaze"][0, :, 1] < 0).all() and made["gaze"][0, 0, 0] < 0 < made["gaze"][0, 1, 0]
    again = recordings.read(tmp_path / "a.txt", recordings.Options(fps=30, flip_head=True))
    assert again.time[-1] == 0.1 and again["head"][0, 0] > 0.3 and again["head"][0, 2] * made["head"][0, 2] > 0


def test_ifacialmocap_2_has_signs(tmp_path):
    line = IFACIALMOCAP.split("=")[0].replace("-", "&").replace("jawOpen&12", "jawOpen&-3") + "=head#0,0,0,0,0,0|"
    (tmp_path / "a.txt").write_text(line)
    made = recordings.read(tmp_path / "a.txt")
    assert made["jaw"][0, 0] < 0 and made["eyelids"][0, 0] == pytest.approx(0.07)


def test_face_cap(tmp_path):
    names = [*reversed(phone_text.FACE_CAP_ORDER)]
    row = ["0"] * 52
    row[names.index("jawOpen")], row[names.index("mouthSmileLeft")] = "0.5", "0.25"
    rows = [f"k,{ms},0,0,0,10,-20,5,0,0,0,0,{','.join(row)}" for ms in (1000, 1017, 1050)] + ["k,1060,0"]
    (tmp_path / "a.txt").write_text(face_cap(*rows, names=[name.replace("Left", "_L") for name in names]))
    made = recordings.read(tmp_path / "a.txt")
    np.testing.assert_allclose(made.time, [0, 0.017, 0.05], atol=1e-9)
    np.testing.assert_allclose(weights_of(made)[:, ARKIT.index("mouthSmileLeft")], 0.25)
    expected = head_rotation(*np.radians([[-20.0], [10.0], [5.0]]))
    np.testing.assert_allclose(made["head"][[1]], expected, atol=1e-6)
    (tmp_path / "b.txt").write_text("\n".join(rows))  # without names: the app's own order, reversed here
    np.testing.assert_allclose(
        weights_of(recordings.read(tmp_path / "b.txt"))[
            0, ARKIT.index(phone_text.FACE_CAP_ORDER[names.index("jawOpen")])
        ],
        0.5,
    )


def test_the_order_of_face_cap_has_every_name():
    assert sorted(phone_text.FACE_CAP_ORDER) == sorted(ARKIT)
