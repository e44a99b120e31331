"""The evaluation as a whole: a tracker that is always right, one that says nothing, and the shipped path on a clip."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from fields_blender.core.names import ARKIT
from training.evaluation import contrasts, measures, readings, readout

ROOT = Path(__file__).parent.parent
# Five people are few: some resample of them has no picture of some kind.
pytestmark = pytest.mark.filterwarnings("ignore:.*(empty slice|All-NaN|scalar divide)")
MODELS, CLIP = ROOT / "models", ROOT / "samples/performance.mp4"


@pytest.fixture(scope="module")
def evaluate():
    for name in ("numba", "warp", "anny"):
        pytest.importorskip(name)
    from training.evaluation import evaluate

    return evaluate


@pytest.fixture(scope="module")
def truths(evaluate):
    """Every set of both families, without pictures: five people each."""
    from training.evaluation import make_test_sets, test_scripts

    found = {}
    for name, (script_of, *_) in make_test_sets.SETS.items():
        for number, family in enumerate(evaluate.FAMILIES):
            scripts = [script_of(np.random.default_rng([number, person])) for person in range(5)]
            arrays = {
                key: np.concatenate([getattr(script, key) for script in scripts])
                for key in ("weights", "turns", "emotion", "intensity", "kind", "moment")
            }
            who = np.repeat(np.arange(5), [len(script.weights) for script in scripts])
            count = len(who)
            arrays |= {
                "person": who,
                "clip": who,
                "time": np.arange(count) / test_scripts.RATE,
                "focal": np.full(count, 1.5),
            }
            skins = np.random.default_rng(0).uniform(size=(2, 5))
            arrays |= {"clear": np.arange(count) % 2 == 0, "tone": skins[0, who], "age": skins[1, who]}
            found[f"{name}-{family}"] = readings.Truth(name, Path(), {**arrays, "motion": np.ones(52)})
    return found


def told(truth: readings.Truth, weights: np.ndarray) -> readings.Reading:
    from training.evaluation import scores

    turned = truth["turns"] @ measures_turn(5)
    return readings.Reading(
        weights, turned, truth["emotion"], scores.valence_arousal(truth), truth["intensity"], np.zeros((len(truth), 8))
    )


def measures_turn(degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


@pytest.fixture(scope="module")
def results(evaluate, truths):
    right = {key: told(truth, truth["weights"]) for key, truth in truths.items()}
    silent = {key: readings.Reading(np.zeros((len(t), 52)), t["turns"]) for key, t in truths.items()}
    trackers = [evaluate.Tracker("FIELDS", right), evaluate.Tracker("silent", silent).with_readout(truths, "silent")]
    measured = evaluate.measured(truths, trackers, resamples=20)
    fair = evaluate.fairness(truths, trackers[0])
    return {**measured, "fairness": fair, "speed": {"regressor": 1.0, "together": 1.0}, "clips": {}, "variants": {}}


def test_a_tracker_that_is_always_right_gets_full_marks(results):
    figures = {key: value[0] for key, value in results["sets"]["stills, all heads"]["FIELDS"].items()}
    assert figures["visible channels"] > 40
    assert figures["usable channels"] == figures["visible channels"]
    assert figures["mean r"] == pytest.approx(1) and figures["mean gain"] == pytest.approx(1)
    assert figures["neutral bias"] == figures["false activations"] == figures["MAE"] == 0
    assert figures["emotion, accuracy of 7"] == figures["subtle emotion, accuracy of 7"] == 1
    assert figures["subtle detection, AUC"] == 1 and figures["valence CCC"] == pytest.approx(1)
    ramps = {key: value[0] for key, value in results["sets"]["ramps, all heads"]["FIELDS"].items()}
    assert ramps["ramp of weights, slope"] == pytest.approx(1)
    assert ramps["ramp of intensity, Spearman"] == pytest.approx(1)
    assert ramps["ramp of weights, overshoot"] < 1e-9 and ramps["identity leak"] < 1e-9
    sweeps = {key: value[0] for key, value in results["sets"]["sweeps, all heads"]["FIELDS"].items()}
    assert sweeps["yaw slope"] == pytest.approx(1, abs=0.02) and sweeps["leak of head turn"] < 1e-9
    videos = results["sets"]["videos, all heads"]["FIELDS"]
    assert videos["blink F1 at .5, events"][0] == 1


def test_a_session_is_measured_one_person_at_a_time(evaluate, truths):
    """A tracker that reads each person as strongly, and turned as far, as another has r 1 there and less in stills."""
    from training.evaluation import scores

    for name, apart in (("sessions", True), ("stills", False)):
        truth = truths[f"{name}-ict"]
        person = truth["person"][:, None]
        turned = truth["turns"] @ np.array([measures_turn(3.0 * p) for p in range(5)])[truth["person"]]
        reading = readings.Reading(truth["weights"] * (0.4 + 0.1 * person) + 0.1 * person, turned)
        table = scores.channels(truth, reading)
        r = table["r"][table["visible"]]
        assert (r.min() > 0.9999) == apart and (r.mean() > 0.98) == apart
        assert (scores.rotation(truth, reading)["head rotation, degrees"] < 1e-3) == apart
        assert table["gain"][table["visible"]].mean() == pytest.approx(0.6, abs=0.15)


def test_a_session_has_fair_light_and_a_good_camera(evaluate, tmp_path):
    """In all of eight random sessions, but not in all stills; and a session is one shot."""
    from dataclasses import replace

    from training.evaluation import make_test_sets, test_scripts
    from training.people import ict_head
    from training.pictures import make_data

    if not ict_head.DATA.exists():
        pytest.skip(f"ICT-FaceKit is not in {ict_head.DATA}")
    people = make_data.family("ict", ict_head.DATA, tmp_path)
    clear = {True: [], False: []}
    for seed in range(8):
        script = test_scripts.session(np.random.default_rng(seed))
        assert len(script.weights) == 100 and not script.weights[:10].any()
        assert measures.rotation_error(script.turns, np.broadcast_to(np.eye(3), script.turns.shape)).mean() < 15
        for session in clear:
            few = replace(script, weights=script.weights[:2], turns=script.turns[:2], moving=session, clear=session)
            one, other = make_test_sets.shoot(np.random.default_rng(seed), people, few)
            clear[session].append(one.clear)
            assert (one.focal == other.focal) == session
    assert all(clear[True]) and not all(clear[False])


def test_people_are_told_apart_by_their_skin(results):
    assert set(results["fairness"]) == {f"{n} skin" for n in "dark middle light smooth middle-aged lined".split()}
    assert all(figures["mean r"] == pytest.approx(1) for figures in results["fairness"].values())


def test_a_head_that_looks_up_by_convention_is_forgiven_but_told(results):
    figures = results["sets"]["stills, ICT-FaceKit heads"]["FIELDS"]
    assert figures["head rotation, degrees"][0] < 1e-3
    assert figures["the same, offset left in"][0] == pytest.approx(5)


def test_a_silent_tracker_gets_no_marks_for_its_small_error(results):
    figures = {key: value[0] for key, value in results["sets"]["stills, all heads"]["silent"].items()}
    assert figures["MAE"] < 0.12
    assert figures["mean r"] == figures["usable channels"] == figures["mean gain"] == 0
    assert figures["emotion, accuracy of 7"] < 0.35


def test_all_trackers_are_asked_about_the_same_pictures(evaluate, truths):
    blind = {key: told(truth, truth["weights"]) for key, truth in truths.items()}
    for reading in blind.values():
        reading.rotation[:7] = np.nan
    trackers = [
        evaluate.Tracker("FIELDS", {key: told(truth, truth["weights"]) for key, truth in truths.items()}),
        evaluate.Tracker("blind", blind),
    ]
    results = evaluate.measured(truths, trackers, resamples=2)
    at = "stills, ICT-FaceKit heads"
    assert results["people"][at][1] == len(truths["stills-ict"]) - 7
    assert results["sets"][at]["FIELDS"]["faces found, share"][0] == 1
    assert results["sets"][at]["blind"]["faces found, share"][0] < 1


def test_the_page_keeps_its_words_and_changes_its_tables(evaluate, results, tmp_path):
    from training.evaluation import report

    page = tmp_path / "evaluation.md"
    page.write_text(f"# Words\n\n{report.BEGIN}\nold\n{report.END}\n\nMore words\n")
    report.insert(page, report.markdown(results))
    text = page.read_text()
    assert text.startswith("# Words") and text.endswith("More words\n") and "\nold\n" not in text
    assert "| mean r, stills | 0.55 / 0.7 | 1.000 / 1.000 | 0.000 / 0.000 | **yes** |" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) > 100 and "nan" not in text
    report.insert(page, "new")
    assert page.read_text() == f"# Words\n\n{report.BEGIN}\n\nnew\n{report.END}\n\nMore words\n"


def test_the_readout_learns_what_the_weights_tell():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 8, 600)
    weights = np.clip(np.eye(8, 52)[label] + rng.normal(0, 0.1, (600, 52)), 0, 1)
    weights[:, 51] = np.nan  # a channel that the tracker lacks
    affect = np.column_stack([label / 8, -label / 8, label / 8])
    read = readout.train(weights[:400], np.eye(8)[label[:400]], affect[:400])
    emotion, valence_arousal, intensity = read(weights[400:])
    assert measures.accuracy(emotion, label[400:]) > 0.97
    assert measures.ccc(valence_arousal[:, 0], label[400:] / 8) > 0.95
    assert measures.rmse(intensity, label[400:] / 8) < 0.1


def test_moving_shots_are_read_as_clips_and_stills_one_by_one(tmp_path):
    """The shipped path, with networks whose answers depend on the resting face if they are told one."""
    cv2, _ = pytest.importorskip("cv2"), pytest.importorskip("onnx")
    if not (MODELS / "face_landmarks.onnx").exists():
        pytest.skip("the face networks are not here: make models")
    from tests import make_networks

    make_networks.write(tmp_path / "models")
    for name in ("face.json", "face_detector.onnx", "face_landmarks.onnx"):
        shutil.copy(MODELS / name, tmp_path / "models" / name)
    video, folder = cv2.VideoCapture(str(CLIP)), tmp_path / "videos-ict"
    folder.mkdir()
    for i in range(30):
        cv2.imwrite(str(folder / f"{i:06d}.png"), video.read()[1])
    arrays = {"person": np.zeros(30, int), "clip": np.zeros(30, int), "time": np.arange(30) / 30}
    np.savez(folder / "truth.npz", **arrays)
    shot = readings.fields(readings.truth_of(folder), tmp_path / "models")
    alone = readings.fields(readings.Truth("stills", folder, arrays), tmp_path / "models")
    named = readings.fields_with_rest(readings.Truth("stills", folder, arrays), tmp_path / "models")
    for reading in (shot, alone, named):
        assert reading.found.all() and reading.weights.shape == (30, len(ARKIT)) and reading.emotion.shape == (30, 8)
    # A change of nothing from rest is what these networks answer the named picture with: a half, everywhere.
    assert np.allclose(named.emotion[0], 0.5, atol=1e-3)
    assert np.abs(alone.emotion - 0.5).max() > 0.05 and np.abs(shot.emotion - alone.emotion).max() > 0.05
    assert measures.rotation_error(shot.rotation, alone.rotation).max() < 3


def test_the_annotations_of_the_clips_are_in_order():
    """Frames that rise, sides that exist, channels that exist."""
    clips = json.loads((ROOT / "training/evaluation/clip_annotations.json").read_text())["clips"]
    channels = {name.removesuffix("Left").removesuffix("Right") for name in ARKIT} | set(ARKIT)
    for name, seen in clips.items():
        for side, first, most, last in seen["blinks"]:
            assert side in ("left", "right", "both") and first <= most <= last, name
        spans = [*seen["unclear"], *seen["rest"], *(span for movement in seen["shown"].values() for span in movement)]
        assert all(first <= last for first, last in spans), name
        assert set(seen["shown"]) <= channels, name
        assert set(seen["labels"]) <= set(contrasts.ALL), name
        for label, said in seen["labels"].items():
            on, off = (measures.rows_in(said[key], 2000) for key in ("on", "off"))
            assert on.any() and off.any() and not (on & off).any(), f"{label} in {name}"
        assert set(seen.get("hidden", {})) <= {"eye aperture", "mouth opening", "mouth width", "brow height"}, name
        shut = [(first, last) for _, first, _, last in seen["blinks"]]
        assert not any(a <= last and first <= b for a, b in seen["unclear"] for first, last in shut), name


def test_geometry_reads_openings_from_a_reposed_head():
    from training.evaluation import clips
    from training.people import ict_head

    if not ict_head.DATA.exists():
        pytest.skip("ICT-FaceKit is not here")
    w = np.zeros((5, 52))
    for row, name in enumerate(("jawOpen", "eyeBlinkLeft", "mouthStretchLeft", "browInnerUp"), start=1):
        w[row, ARKIT.index(name)] = 1
    rest, jaw, blink, stretch, brow = clips.reposed(w)
    eye, lips, width, height = range(4)
    assert jaw[lips] > rest[lips] + 0.2
    assert blink[eye] < rest[eye] - 0.05
    assert stretch[width] > rest[width] + 0.02
    assert brow[height] > rest[height] + 0.02


def test_blinks_in_unclear_frames_count_for_nobody():
    from training.evaluation import clips

    w = np.zeros((60, 52))
    column = ARKIT.index("eyeBlinkLeft")
    for first in (10, 20, 40, 50):
        w[first : first + 3, column] = 1
    seen = {"blinks": [["left", 9, 11, 13], ["both", 30, 31, 32]], "unclear": [[38, 45]]}
    assert clips.blinks(w, seen) == [1, 2, 2]  # 20 and 50 are invented; 30 is missed by both eyes


def test_blinks_that_blender_plays_are_compared_with_the_frames_of_the_clip(tmp_path):
    """A clip at 30 frames a second, keyed at 24: the same blinks, whatever the rate."""
    from training.evaluation import clips

    seen = {"blinks": [["both", 29, 30, 32], ["both", 59, 60, 61]], "unclear": [[100, 110]]}
    frames, keyed = np.arange(-1, 100), np.zeros((101, 52))
    for second in (1.0, 2.0, 3.5):
        keyed[1 + round(24 * second), [ARKIT.index("eyeBlinkLeft"), ARKIT.index("eyeBlinkRight")]] = 0.9
    np.savez(tmp_path / "a.npz", rate=24, frames=frames, keyed=keyed)
    assert clips.keyed_blinks(tmp_path / "a.npz", np.arange(120) / 30, seen) == [4, 0, 0]
    seen["unclear"] = []
    assert clips.keyed_blinks(tmp_path / "a.npz", np.arange(120) / 30, seen) == [4, 2, 0]


def test_contrast_is_1_for_a_head_that_does_it_and_0_for_one_that_never_changes():
    w = np.zeros((30, 52))
    smile = [ARKIT.index("mouthSmileLeft"), ARKIT.index("mouthSmileRight")]
    w[10:20, smile] = 1.0
    w[15, smile] = 0.0  # one frame lost: a median doesn't mind
    w[:, ARKIT.index("browInnerUp")] = 0.6
    w[25:] = np.nan
    labels = {
        "smile": {"on": [[10, 19]], "off": [[0, 5]]},
        "brows up": {"on": [[10, 19]], "off": [[0, 5]]},
        "frown": {"on": [[26, 29]], "off": [[0, 5]]},
    }
    found = contrasts.of_clip(w, ~np.isnan(w[:, 0]), labels)
    assert found == {"smile": 1.0, "brows up": 0.0}, "no face where it frowns"
    means = contrasts.means({"a": found, "b": {"smile": 0.5, "eyes shut": 0.2}})
    assert means == {"smile": 0.75, "brows up": 0.0, "eyes shut": 0.2, "all labels": 0.375}


def test_the_tables_of_the_clips_name_what_is_missing():
    from training.evaluation import report_clips

    found = {
        "r of mouth width": {"FIELDS": {"a": 0.5, "b": 0.7}, "MediaPipe": {"a": 0.9}},
        "blinks": {"FIELDS": {"a": [2, 0, 1], "b": [1, 1, 0]}, "MediaPipe": {"a": [3, 0, 0]}},
        "movements": {"FIELDS": {"a": {"jawOpen": 0.9}, "b": {}}, "MediaPipe": {"a": {"jawOpen": 0.8}}},
        "contrasts": {"FIELDS": {"a": {"smile": 0.4}, "b": {}}, "MediaPipe": {"a": {"smile": 0.6}}},
    }
    text = "\n".join(report_clips.sections(found))
    assert "## Real clips: 2" in text and "| r of mouth width (mean of 2 clips) | 0.600 | 0.900 |" in text
    assert "| **blinks of each eye against the annotations: F1 at .5** | 0.750 | 1.000 |" in text
    assert "| b | - / - | - / - | 0.700 / - |" in text and "1, 1, 0 / -" in text
    assert "| smile in a: contrast | 0.400 | 0.600 |" in text and "| jawOpen in a: AUC | 0.900 | 0.800 |" in text
    assert "nan" not in text and "Not measured" in "\n".join(report_clips.sections({}))


def test_telling_moments_are_those_that_were_labelled_and_those_that_differ():
    pytest.importorskip("numba")
    from training.evaluation import sheets

    time, found = np.arange(100) / 25, np.ones(100, bool)
    w = np.zeros((100, 52))
    w[40, 5], w[70, 9], w[71, 9] = 1.0, 0.9, 0.8
    found[90:] = False
    rows = sheets.moments(time, found, [w], [20, 22, 95])
    assert len(rows) == sheets.MOMENTS and rows == sorted(rows)
    assert {20, 40, 70} <= set(rows) and not {22, 71, 95} & set(rows), "too near to one, no face in the other"
    assert sheets.moments(time[:3], found[:3], [w[:3]], []) == [0]
    assert sheets.labelled("squeeze_1080p") and sheets.labelled("nobody") == []


def test_the_portrait_opens_its_mouth_shuts_its_eyes_and_turns():
    pytest.importorskip("numba")
    from training.evaluation.portrait import Portrait

    portrait, straight = Portrait(), np.eye(3)

    def seen(**weights):
        w = np.array([weights.get(name, 0.0) for name in ARKIT])
        return portrait.picture(w, straight, 120).astype(float)

    rest = seen()
    assert rest.shape == (120, 120, 3) and len(np.unique(rest.reshape(-1, 3), axis=0)) > 100
    rows = {name: np.abs(seen(**{name: 1.0}) - rest).sum(axis=(1, 2)) for name in ("jawOpen", "browInnerUp")}
    middle = {name: (change * np.arange(120)).sum() / change.sum() for name, change in rows.items()}
    assert middle["browInnerUp"] < 60 < middle["jawOpen"], "brows are above the middle, the jaw is below"
    wink = np.abs(seen(eyeBlinkLeft=1.0) - rest).sum(axis=(0, 2))
    assert wink[60:].sum() > 20 * wink[:60].sum(), "the subject's left is the picture's right"
    look = seen(eyeLookOutLeft=1.0, eyeLookInRight=1.0)
    assert np.abs(look - rest).sum() > 0
    turn = np.array([[0.8, 0, 0.6], [0, 1, 0], [-0.6, 0, 0.8]])
    nose = [(portrait.posed(np.zeros(52), r)[portrait.head.vertices[:, 2].argmax()])[0] for r in (straight, turn)]
    assert nose[1] > nose[0] + 0.02, "a turn to the subject's left goes to the picture's right"


def test_only_the_first_tables_and_no_unknown_author(evaluate, tmp_path):
    import argparse

    parser = argparse.ArgumentParser()
    assert evaluate.authors(parser, [f"johnsmith={tmp_path}"]) == {"johnsmith": tmp_path}
    for wrong in (f"metaperson={tmp_path}", "johnsmith=nowhere", "johnsmith"):
        with pytest.raises(SystemExit):
            evaluate.authors(parser, [wrong])
