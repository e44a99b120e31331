"""The evaluation on heads by other authors, labelled clips and keyed lids, on tiny made-up sets."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from fields_blender.core.names import ARKIT, EMOTIONS
from tests.test_foreign_heads import made_up
from training.evaluation import closures, families, foreign_heads, readings, report

ROOT = Path(__file__).parent.parent
MODELS, CLIP = ROOT / "models", ROOT / "samples/performance.mp4"
NOTHING = {
    "date": "", "heads": {"measured": [], "absent": [], "stills": {}, "videos": {}}, "labelled": {}, "left out": {},
    "clips": {}, "closures": {},
}  # fmt: skip
PRESENT = np.array([name != "tongueOut" for name in ARKIT])
pytestmark = pytest.mark.filterwarnings("ignore:.*(empty slice|scalar divide)")


@pytest.fixture(scope="module")
def other_heads():
    for name in ("numba", "scipy"):
        pytest.importorskip(name)
    from training.evaluation import other_heads

    return other_heads


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Truth of both MetaPerson heads and stills of John Smith, without pictures; the rest is absent."""
    folder = tmp_path_factory.mktemp("eval")
    for head in families.OTHERS[families.VALIDATION]:
        for name, script in (("stills", foreign_heads.stills), ("videos1", _video(1)), ("videos2", _video(2))):
            write(folder / f"{name}-{head}", script(made_up(PRESENT)))
    write(folder / "stills-johnsmith", foreign_heads.stills(made_up(PRESENT)))
    (folder / "stills-facecap_generic").mkdir()  # is being rendered
    return folder


def _video(number):
    return lambda head: foreign_heads.video(head, number)


def write(folder: Path, script: foreign_heads.Script, count: int | None = None) -> None:
    """truth.npz as `render_heads` writes it."""
    head, rows = made_up(PRESENT), slice(count)
    n = len(script.time[rows])
    folder.mkdir()
    np.savez(
        folder / "truth.npz", person=np.zeros(n, int), clip=np.zeros(n, int), focal=script.lens[rows] / 36,
        motion=head.motion, present=head.present, clear=np.ones(n, bool), moment=np.full(n, -1),
        tone=np.full(n, np.nan), age=np.full(n, np.nan),
        **{key: getattr(script, key)[rows] for key in ("weights", "turns", "emotion", "intensity", "kind", "time")},
    )  # fmt: skip


def right(truth, _models):
    emotion = np.where(truth["emotion"].any(axis=1, keepdims=True), truth["emotion"], 1 / 8)
    return readings.Reading(truth["weights"], truth["turns"] @ turned(5), emotion)


def half(truth, _models):
    """Half of everything, without an emotion, and blind in the first picture."""
    rotation = truth["turns"].copy()
    rotation[0] = np.nan
    return readings.Reading(truth["weights"] / 2, rotation)


def turned(degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


@pytest.fixture
def results(other_heads, data, monkeypatch):
    trackers = {"FIELDS": right, "half": half, "never run": lambda *_: None}
    monkeypatch.setattr(other_heads, "TRACKERS", {"stills": trackers, "videos": trackers})
    return other_heads.measured(data, MODELS)


def test_the_validation_family_comes_first_pooled_and_absent_sets_are_named(results):
    assert list(results["stills"]) == [
        "MetaPerson, pooled (validation)", "MetaPerson, female", "MetaPerson, male", "John Smith"
    ]  # fmt: skip
    assert list(results["videos"]) == list(results["stills"])[:3]
    assert results["measured"] == list(results["stills"])[1:]
    assert "stills-facecap_generic" in results["absent"] and "videos1-johnsmith" in results["absent"]
    assert not any("metaperson" in name for name in results["absent"])


def test_a_tracker_that_is_always_right_gets_full_marks(results):
    for kind in ("stills", "videos"):
        for row in (of_tracker["FIELDS"] for of_tracker in results[kind].values()):
            assert row["mean r"] == pytest.approx(1) and row["mean gain"] == pytest.approx(1)
            assert row["usable channels"] == row["visible channels"] > 20
            assert row["emotion, accuracy of 7"] == 1 and row["faces found, share"] == 1
            assert row["neutral bias"] == 0 and row["false activations"] < 1e-4
            assert row["head rotation, degrees"] < 1e-3 and row["yaw slope"] == pytest.approx(1, abs=0.02)
    assert results["stills"]["John Smith"]["FIELDS"]["visible channels"] == 51  # all but the tongue
    assert all(row["FIELDS"]["blink F1 at .5, events"] == 1 for row in results["videos"].values())


def test_trackers_are_measured_on_the_same_pictures_and_on_what_they_have(results):
    of_tracker = results["stills"]["MetaPerson, pooled (validation)"]
    assert set(of_tracker) == {"FIELDS", "half"}
    one = results["stills"]["MetaPerson, male"]["half"]["pictures"]
    assert of_tracker["FIELDS"]["pictures"] == of_tracker["half"]["pictures"] == 2 * one
    assert of_tracker["half"]["faces found, share"] == pytest.approx(one / (one + 1))
    assert of_tracker["half"]["mean gain"] == pytest.approx(0.5) and of_tracker["half"]["mean r"] == pytest.approx(1)
    assert np.isnan(of_tracker["half"]["emotion, accuracy of 7"])


def test_pooled_shots_stay_apart(data):
    heads = families.OTHERS[families.VALIDATION]
    of_head = []
    for head in heads:
        shots = [readings.truth_of(data / f"{name}-{head}") for name in ("videos1", "videos2")]
        of_head.append(readings.pooled(shots, [np.ones(len(shot), bool) for shot in shots]))
    whole = readings.pooled(of_head, [np.ones(len(truth), bool) for truth in of_head])
    assert np.bincount(whole["clip"]).tolist() == [100] * 4
    assert whole["present"].sum() == 51


def test_the_report_names_heads_absent_sets_and_missing_clips(results):
    text = report.other_heads({**NOTHING, "date": "2026-11-30", "heads": results})
    assert text.startswith(
        "## Heads by other authors, another renderer (2026-11-30): MetaPerson, female; MetaPerson, male; John Smith\n"
    )
    assert "stills-facecap_generic" in text and text.count("Not measured") == 4 and "nan" not in text
    row = next(line for line in text.splitlines() if line.startswith("| John Smith: half"))
    assert " - " in row


def test_the_label_and_the_first_emotion_are_told():
    pytest.importorskip("scipy")
    from training.evaluation import labelled

    assert labelled.label_of(Path("angry3.mp4")) == "anger" and labelled.label_of(Path("neutral1.mp4")) == ""
    assert sorted(labelled.LABELS.values()) == sorted(EMOTIONS[1:])
    emotion = np.tile([0.8, 0.0, 0.1, 0.0, 0.04, 0.05, 0.01, 0.0], (3, 1))
    assert labelled.ranked(emotion, "sadness") == [1, "sadness"]
    assert labelled.ranked(emotion, "fear") == [3, "sadness"]
    told = {
        labelled.AS_IS: {"sad3": [1, "sadness", 0.5], "fear3": [3, "sadness", 0.25]},
        labelled.PEER: {"sad3": [2, "fear", np.nan]},
    }
    text = report.other_heads({**NOTHING, "labelled": told, "closures": {"sad3": [2, 1, 3]}})
    assert (
        "| **label ranked first** | 1 of 2 | 0 of 1 |" in text and "| fear3 | 3 (first: sadness), 0.250 | - |" in text
    )
    assert "| mean intensity over neutral | 0.375 | - |" in text
    assert "| **all clips** | 2 | 1 | 3 |" in text


def test_a_closure_counts_as_keyed_where_the_keys_shut_the_lid_too():
    time, times = np.arange(60) / 30, np.arange(48) / 24
    captured, keyed = np.zeros((60, 52)), np.zeros((48, 52))
    left, right_lid = closures.LIDS
    captured[[10, 40], left] = 1.0  # one video frame each: .33 s and 1.33 s
    captured[20:24, right_lid] = 0.9
    keyed[8, left] = 0.8  # .33 s
    keyed[17, right_lid] = 0.6  # .71 s
    keyed[45, right_lid] = 0.6  # nobody shut it
    assert closures.closures(time, captured, times, keyed, 24) == [3, 2, 3]


@pytest.fixture
def evaluate(other_heads, tmp_path, monkeypatch):
    """`evaluate(page)` runs the shipped path with simple networks on the sets in tmp_path / "eval"."""
    pytest.importorskip("onnx")
    for name in ("warp", "anny"):
        pytest.importorskip(name)
    if not (MODELS / "face_landmarks.onnx").exists():
        pytest.skip("the face networks are not here: make models")
    from tests import make_networks
    from training.evaluation import evaluate

    make_networks.write(tmp_path / "models")
    for name in ("face.json", "face_detector.onnx", "face_landmarks.onnx"):
        shutil.copy(MODELS / name, tmp_path / "models" / name)

    def run(page: Path) -> None:
        words = ["evaluate", "--data", tmp_path / "eval", "--models", tmp_path / "models", "--resamples", 2, "--clips",
                 tmp_path / "none", "--labelled", tmp_path / "none", "--out", page]  # fmt: skip
        monkeypatch.setattr("sys.argv", [str(word) for word in words])
        evaluate.main()

    return run


@pytest.fixture
def page(tmp_path):
    heads, tables = "\nold heads\n".join(report.HEADS), "\nold tables\n".join([report.BEGIN, report.END])
    made = tmp_path / "page.md"
    made.write_text(f"# Page\n\n{heads}\n{tables}\nwords\n")
    return made


def take_pictures(folder: Path, count: int) -> None:
    cv2 = pytest.importorskip("cv2")
    video = cv2.VideoCapture(str(CLIP))
    for i in range(count):
        cv2.imwrite(str(folder / f"{i:06d}.png"), video.read()[1])


def test_evaluate_without_any_sets_says_so_and_leaves_the_page(evaluate, page, capsys):
    old = page.read_text()
    evaluate(page)
    printed = capsys.readouterr().out
    assert page.read_text() == old and "none measured" in printed and "there are no test sets" in printed


def test_evaluate_on_other_heads_alone_leaves_the_tables_of_training(evaluate, page, tmp_path):
    folder = tmp_path / "eval" / "stills-johnsmith"
    folder.parent.mkdir()
    write(folder, foreign_heads.stills(made_up(PRESENT)), count=7)
    take_pictures(folder, 7)
    evaluate(page)
    text = page.read_text()
    assert "old heads" not in text and "old tables" in text and text.endswith("words\n")
    for tracker in ("FIELDS", "FIELDS, same person", "FIELDS, rest face named"):
        assert f"| John Smith: {tracker} | 7 |" in text
    assert "MediaPipe" not in text and "nan" not in text


@pytest.mark.filterwarnings("ignore:.*(Mean of empty|invalid value|All-NaN|divide)")
def test_evaluate_on_the_families_of_training_alone_leaves_the_other_heads(evaluate, page, tmp_path):
    from training.evaluation import test_scripts

    folder = tmp_path / "eval" / "stills-ict"
    folder.mkdir(parents=True)
    script = test_scripts.stills(np.random.default_rng(0))
    n = len(script.weights)
    np.savez(
        folder / "truth.npz", person=np.zeros(n, int), clip=np.zeros(n, int), time=np.zeros(n), focal=np.ones(n),
        clear=np.ones(n, bool), tone=np.full(n, 0.5), age=np.full(n, 0.5), motion=np.ones(52),
        **{key: getattr(script, key) for key in ("weights", "turns", "emotion", "intensity", "kind", "moment")},
    )  # fmt: skip
    take_pictures(folder, n)
    evaluate(page)
    text = page.read_text()
    assert "old heads" in text and "old tables" not in text and "## The renderer and head families of training" in text
    assert "### Stills, ICT-FaceKit heads: 1 people, 12 pictures" in text


def test_what_the_keys_play_is_measured_like_a_capture(other_heads, tmp_path):
    """Keys at 24 frames a second of a shot at 25, of half the strength: r 1, gain .5, and no rotation to judge."""
    script = foreign_heads.video(made_up(PRESENT), 1)
    for name in ("videos1", "videos2"):
        write(tmp_path / f"{name}-johnsmith", script)
    (tmp_path / "keyed").mkdir()
    for name in ("videos1", "videos2"):
        frames = np.arange(-1, 99)
        keyed = np.stack([np.interp(frames / 24, script.time, channel) for channel in script.weights.T], axis=1) / 2
        np.savez(
            tmp_path / f"keyed/{name}-johnsmith.npz", rate=24, frames=frames, keyed=keyed, time=script.time,
            captured=script.weights,
        )  # fmt: skip
    truth = readings.truth_of(tmp_path / "videos1-johnsmith")
    read = other_heads.keyed(truth, MODELS)
    assert read.rotation is None and read.found.all()
    row = other_heads.figures([other_heads.Read([truth], {"keyed": other_heads.keyed}, MODELS)], "videos")["keyed"]
    assert row["mean r"] > 0.97 and row["mean gain"] == pytest.approx(0.5, abs=0.02)
    assert np.isnan(row["yaw slope"]) and "head rotation, degrees" not in row
    assert closures.measured(tmp_path / "keyed") == {}, "sets aren't clips"
    assert other_heads.keyed(readings.truth_of(tmp_path / "videos2-johnsmith"), MODELS) is not None
    (tmp_path / "keyed/videos2-johnsmith.npz").unlink()
    assert other_heads.keyed(readings.truth_of(tmp_path / "videos2-johnsmith"), MODELS) is None


def test_the_keys_have_no_face_where_the_capture_has_none(tmp_path):
    time, captured = np.arange(10) / 25, np.zeros((10, 52))
    captured[6:] = np.nan
    np.savez(
        tmp_path / "a.npz", rate=24, frames=np.arange(12), keyed=np.ones((12, 52)), time=time, captured=captured
    )  # fmt: skip
    read = readings.keyed(tmp_path / "a.npz")
    assert read.found.tolist() == [True] * 6 + [False] * 4 and (read.weights[:6] == 1).all()


def test_one_author_left_out_is_tested_with_the_networks_that_never_saw_them(other_heads, data, monkeypatch):
    """And the mean over authors is that of the authors, however many pictures and heads each has."""
    from training.evaluation import left_out

    assert set(left_out.AUTHORS) == {"ict", "anny", "facecap", "johnsmith"}, "nobody trains on the validation family"
    stills = (data / "stills-johnsmith", data / "stills-metaperson_male_lod2", data / "stills-metaperson_female_lod2")
    assert all((folder / "truth.npz").exists() for folder in stills)
    monkeypatch.setitem(families.OTHERS, "Face Cap", families.OTHERS[families.VALIDATION])
    asked = []

    def fields(truth, models):
        asked.append((truth.folder.name, models.name))
        strength = {"shipped": 1.0, "without john": 0.5, "without facecap": 0.25}[models.name]
        return readings.Reading(truth["weights"] * strength, truth["turns"])

    monkeypatch.setattr(readings, "fields", fields)
    without = {"johnsmith": Path("without john"), "facecap": Path("without facecap"), "ict": Path("without ict")}
    results = left_out.measured(data, Path("shipped"), without)
    assert set(results["stills"]) == {"John Smith", "Face Cap"}, "no pictures of ICT here"
    assert set(results["videos"]) == {"Face Cap"}
    assert ("stills-johnsmith", "without facecap") not in asked and ("stills-johnsmith", "without john") in asked
    means = report.means(results["stills"])
    assert means[left_out.WITHOUT]["mean gain"] == pytest.approx((0.5 + 0.25) / 2)
    assert means[left_out.SHIPPED]["mean gain"] == pytest.approx(1) and left_out.PEER not in means
    text = report.other_heads({**NOTHING, "left out": results})
    assert "| **mean over authors**: trained without them | - | 1.000 |" in text and "nan" not in text
