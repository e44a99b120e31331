"""What a few corrected frames teach, on the sample clip with its truth: the proof that corrections spread rightly."""

from pathlib import Path

import numpy as np
import pytest

from fields_blender.core.track import CODE, Track
from tests.test_corrections import coded
from tests.tracks import lively

pytest.importorskip("onnxruntime")
pytest.importorskip("cv2")
from training.evaluation import taught

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def lessons() -> list[taught.Lesson]:
    return taught.sample(ROOT / "models", ROOT / "samples/performance.mp4")


@pytest.mark.parametrize(("count", "least"), [(3, 0.2), (5, 0.3), (10, 0.4)])
def test_the_other_frames_get_better_and_no_channel_gets_worse(lessons, count, least):
    lesson = next(each for each in lessons if each.count == count)
    assert lesson.falls >= least and lesson.worst <= 0.01


def test_corrections_of_a_right_performance_teach_nothing():
    read = coded(lively())
    for lesson in taught.lessons(read, taught.arkit(read), np.ones(52, bool)):
        assert lesson.before == 0.0 and lesson.after < 1e-7 and abs(lesson.worst) < 1e-6


def test_a_code_that_tells_all_faces_apart_teaches_nothing():
    read = lively()
    apart = Track(
        read.time, read.groups, code=(100 * np.random.default_rng(0).normal(size=(90, CODE))).astype(np.float16)
    )
    truth = np.clip(taught.arkit(read) + 0.1, 0.0, 1.0)
    blind = taught.lessons(apart, truth, np.ones(52, bool))[0]
    seeing = taught.lessons(coded(read), truth, np.ones(52, bool))[0]
    assert seeing.falls > blind.falls + 0.05
    assert "| made up | " in taught.page({"made up": [seeing] * 3, "sample clip": [blind] * 3})
