"""The command line: exit codes, sentences instead of tracebacks, and files that are whole."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fields_blender import __main__ as cli
from fields_blender.capture import clip
from fields_blender.capture.solve import Progress
from fields_blender.core import track
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import GROUPS

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "samples" / "performance.mp4"
needs_networks = pytest.mark.skipif(
    not all((ROOT / "models" / f"{name}.onnx").exists() for name in ("face_detector", "face_landmarks", "regressor")),
    reason="the networks are not there (make models)",
)
needs_sample = pytest.mark.skipif(not SAMPLE.exists(), reason="samples/performance.mp4 is not there")


# The command line with a capture that does nothing, to test what it prints.
LONE_PRINT = """
import runpy, sys, numpy as np
from fields_blender.capture import clip, solve
from fields_blender.core import track
def capture(*_arguments, **_choice):
    yield solve.Progress(1, 1, 1)
    made = track.empty(np.arange(2.0))
    for values in made.groups.values(): values[:] = 0
    return made
solve.capture, clip.open_video = capture, lambda *_: clip.Clip(())
sys.argv = ["fields", "capture", clip.__file__, "-o", sys.argv[1]]
runpy.run_module("fields_blender", run_name="__main__", alter_sys=False)
"""


class FakeCapture:
    """Stands for solve.capture: `frames` rows, `gaps` without a face; a signal arrives before row `interrupt`."""

    def __init__(self, frames=10, gaps=(), interrupt=None, times=None, number=signal.SIGINT):
        self.times = np.arange(frames, dtype=float) if times is None else np.array(times, float)
        self.gaps, self.interrupt, self.number, self.given = list(gaps), interrupt, number, {}

    def __call__(self, video, models, stop, **given):
        self.given = {"clip": video, "models": models, **given}
        done = 0
        for done in range(len(self.times) + 1):
            if done == self.interrupt:
                signal.raise_signal(self.number)
            if stop() or done == len(self.times):
                break
            yield Progress(done + 1, len(self.times), done + 1)
        if done == 0:
            raise FieldsError("Nothing was captured.")
        made = track.empty(self.times[:done], {}, {"device": "CPU: as chosen"})
        for name in GROUPS:
            made.groups[name][[i for i in range(done) if i not in self.gaps]] = 0.25
        return made


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """`fake(argument, ..., frames=, gaps=, interrupt=)` runs the command line on a clip that needs no decoding."""
    (tmp_path / "take.mp4").write_bytes(b"video")

    def run(*arguments, **settings):
        capture = FakeCapture(**settings)
        a_clip = clip.Clip((clip.PicturePiece(("a",) * 10, tuple(range(10))),), {"video": "take.mp4"})
        monkeypatch.setattr(cli, "capture", capture)
        monkeypatch.setattr(cli, "open_video", lambda path, start, end: a_clip)
        monkeypatch.setattr(cli, "open_stills", lambda folder: a_clip)
        source = tmp_path if "--stills" in arguments else tmp_path / "take.mp4"
        output = tmp_path / "out" / "take.npz"
        return cli.main(["capture", str(source), "-o", str(output), *arguments]), output, capture.given

    return run


def test_a_capture_is_written_and_summed_up(fake, capsys, tmp_path):
    csv = tmp_path / "take.csv"
    code, output, given = fake("--csv", str(csv), "--device", "cpu", "--face", "0.5,0,1,1", gaps=[2, 3])
    assert code == 0
    assert given["choose"] == (0.5, 0, 1, 1) and given["device"] == "cpu" and given["stills"] is False
    assert track.load(output).found.sum() == 8
    assert len(csv.read_text().splitlines()) == 11
    out, err = capsys.readouterr()
    assert out.startswith("10 frames, 2 without a face, ") and "fps on CPU: as chosen" in out
    assert "100%  10/10 frames" in err and "\r" not in err  # no redrawn bar in a log file
    assert len(err.splitlines()) == 10


def test_no_face_at_all(fake, capsys):
    code, output, _ = fake(gaps=range(10))
    assert code == 3 and not track.load(output).found.any()
    assert "No face was found in take.mp4" in capsys.readouterr().err


def test_an_interruption_saves_what_there_is(fake, capsys):
    before = signal.getsignal(signal.SIGINT)
    code, output, _ = fake(interrupt=4)
    assert code == 130 and len(track.load(output)) == 4
    assert "4 frames, is saved. --resume goes on" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before


def test_sigterm_saves_what_there_is_too(fake):
    before = signal.getsignal(signal.SIGTERM)
    code, output, _ = fake(interrupt=4, number=signal.SIGTERM)
    assert code == 143 and len(track.load(output)) == 4 and signal.getsignal(signal.SIGTERM) is before


def test_a_full_disk_at_the_end_costs_nothing(fake, monkeypatch, capsys):
    def full(*_arguments):
        raise FieldsError("{path} can't be written (No space left).", path="take.npz")

    monkeypatch.setattr(track, "save", full)
    code, output, _ = fake()
    said = capsys.readouterr().err
    assert code == 1 and not output.exists() and "No space left" in said
    kept = Path(said.splitlines()[-1].removeprefix("What was captured is in ").removesuffix("."))
    assert len(track.load(kept)) == 10
    kept.unlink()
    kept.parent.rmdir()


def test_an_interruption_before_the_first_frame_writes_nothing(fake, tmp_path):
    code, output, _ = fake("--csv", str(tmp_path / "a.csv"), interrupt=0)
    assert code == 130 and not output.exists() and not (tmp_path / "a.csv").exists()


def test_stills_have_a_row_for_every_picture(fake, tmp_path):
    csv = tmp_path / "poses.csv"
    code, output, given = fake("--stills", "--csv", str(csv), times=[0, 1, 4, 5, 6, 7, 8])
    assert code == 0 and given["stills"] is True
    assert np.flatnonzero(~track.load(output).found).tolist() == [2, 3, 9]
    counts = [row.split(",")[1] for row in csv.read_text().splitlines()[1:]]
    assert counts == ["61", "61", "0", "0", "61", "61", "61", "61", "61", "0"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["capture"],
        ["capture", "a.mp4"],
        ["capture", "a.mp4", "-o", "a.txt"],
        ["capture", "a.mp4", "-o", "a.npz", "--start", "soon"],
        ["capture", "a.mp4", "-o", "a.npz", "--start", "-1"],
        ["capture", "a.mp4", "-o", "a.npz", "--end", "nan"],
        ["capture", "a.mp4", "-o", "a.npz", "--device", "tpu"],
        ["capture", "a.mp4", "-o", "a.npz", "--face", "middle"],
        ["capture", "a.mp4", "-o", "a.npz", "--face", "0.5,0,0.2,1"],
        ["capture", "a.mp4", "-o", "a.npz", "--face", "0,0,640,480"],
        ["bake", "a.mp4"],
    ],
    ids=" ".join,
)
def test_wrong_use(arguments, capsys):
    assert cli.main(arguments) == 2
    assert "usage:" in capsys.readouterr().err


def test_help(capsys):
    assert cli.main(["capture", "--help"]) == 0
    text = capsys.readouterr().out
    assert "examples:" in text and "exit codes:" in text


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("none.mp4", [], "There is no"),
        ("folder", [], "Add --stills"),
        ("folder", ["--stills"], "No picture"),
        ("folder", ["--stills", "--start", "1"], "leave them out"),
        ("text.mp4", ["--start", "3", "--end", "2"], "is not before"),
        ("text.mp4", [], "can't be read as a video"),
        ("empty.mp4", [], "is empty"),
        ("text.mp4", ["--csv", "{tmp}/folder"], "can't be written"),
        ("text.mp4", ["--csv", "{tmp}/text.mp4/a.csv"], "can't be written"),
        ("text.mp4", ["--csv", "{tmp}/text.mp4"], "the video itself"),
        ("text.mp4", ["--csv", "{tmp}/out/a.npz"], "named twice"),
        ("text.mp4", ["--csv", "{tmp}/" + 300 * "x"], "can't be written"),
        (300 * "x" + ".mp4", [], "There is no"),
    ],
)
def test_what_can_not_be_done_is_said(tmp_path, capsys, name, arguments, sentence, monkeypatch):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty.mp4").write_text("")
    if "--csv" in arguments:
        monkeypatch.setattr(cli, "open_video", lambda *_: None)
    arguments = [argument.format(tmp=tmp_path) for argument in arguments]
    output = tmp_path / "out" / "a.npz"
    assert cli.main(["capture", str(tmp_path / name), "-o", str(output), *arguments]) == 1
    err = capsys.readouterr().err
    assert sentence in err and "Traceback" not in err and err.count("\n") == 1
    assert not output.parent.exists() and (tmp_path / "text.mp4").read_text() == "no video"


def test_a_log_in_another_encoding_is_no_reason_to_fail(tmp_path):
    """What Windows does when the output goes to a file: a code page without most letters."""
    command = [sys.executable, "-c", LONE_PRINT, str(tmp_path / "日本.npz")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "cp1252"})
    assert run.returncode == 0 and b"npz" in run.stdout, run.stderr


def test_starts_quickly_without_cv2_and_onnxruntime():
    code = "import sys; import fields_blender.__main__; sys.exit(bool({'cv2', 'onnxruntime'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@needs_networks
@needs_sample
def test_the_sample_is_captured(tmp_path):
    command = [sys.executable, "-m", "fields_blender", "capture", str(SAMPLE), "--end", "1.5", "--device", "cpu"]
    command += ["-o", str(tmp_path / "a.npz"), "--csv", str(tmp_path / "a.csv")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    made = track.load(tmp_path / "a.npz")
    assert made.found.mean() > 0.9 and made.time[0] >= 0 and made.time[-1] < 1.5
    assert len((tmp_path / "a.csv").read_text().splitlines()) == len(made) + 1


@needs_networks
@needs_sample
def test_a_folder_of_pictures(tmp_path, capsys):
    """Pictures of the sample, one without a face and one that is no picture: a row for each, in file-name order."""
    import cv2

    folder = tmp_path / "photos"
    folder.mkdir()
    image = next(iter(clip.frames(clip.open_video(SAMPLE)))).image
    for name in ("2.png", "10.png", "30.jpg"):
        cv2.imwrite(str(folder / name), image)
    cv2.imwrite(str(folder / "3.png"), np.full((480, 640, 3), 90, np.uint8))
    (folder / "4.png").write_text("no picture")
    code = cli.main(
        ["capture", str(folder), "--stills", "-o", str(tmp_path / "a.npz"), "--csv", str(tmp_path / "a.csv")]
    )
    assert code == 0
    counts = [row.split(",")[1] for row in (tmp_path / "a.csv").read_text().splitlines()[1:]]
    assert counts == ["61", "0", "0", "61", "61"]
    assert "4.png can't be read" in capsys.readouterr().err


# -- who is in the footage ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ((), {"rest": None, "same_person": False}),
        (("--rest", "2.5"), {"rest": (2.5, 2.5), "same_person": False}),
        (("--rest", "2.5-3"), {"rest": (2.5, 3.0), "same_person": False}),
    ],
)
def test_the_rest_is_handed_over(fake, arguments, given):
    code, _, seen = fake(*arguments)
    assert code == 0 and {name: seen[name] for name in given} == given and "actor" not in seen


def test_a_person_that_the_clip_does_not_show_costs_nothing_else(fake, capsys, tmp_path):
    """The performance and the CSV are written before it is said."""
    code, output, _ = fake("--csv", str(tmp_path / "a.csv"), "--save-actor", str(tmp_path / "ann.npz"))
    assert code == cli.FAILED and "does not know the person" in capsys.readouterr().err
    assert output.exists() and (tmp_path / "a.csv").exists() and not (tmp_path / "ann.npz").exists()


@pytest.mark.parametrize("text", ["3-2", "-1", "nan", "2.5-inf"])
def test_a_rest_that_is_no_time_is_refused(text, capsys):
    assert cli.main(["capture", "take.mp4", "-o", "a.npz", f"--rest={text}"]) == cli.USAGE
    assert "is not a second" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--same-person"], "--same-person is for --stills"),
        (["--rest", "nobody.jpg"], "There is no"),
        (["--actor", "nobody.npz"], "There is no file"),
    ],
)
def test_a_person_that_can_not_be_had_is_said(tmp_path, capsys, arguments, sentence, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["capture", str(SAMPLE), "-o", str(tmp_path / "a.npz"), *arguments]
    assert cli.main(command) == cli.FAILED
    assert sentence in capsys.readouterr().err and not (tmp_path / "a.npz").exists()


@needs_sample
@needs_networks
def test_a_person_is_kept_and_used_in_another_clip(tmp_path, capsys):
    """The face at rest of a picture of the first second, which is neutral."""
    import cv2

    from fields_blender.capture import actor

    image = next(iter(clip.frames(clip.open_video(SAMPLE)))).image
    cv2.imwrite(str(tmp_path / "neutral.png"), image)
    first, kept, second = (tmp_path / name for name in ("first.npz", "ann.npz", "second.npz"))
    command = ["capture", str(SAMPLE), "--start", "2.5", "--end", "3", "--device", "cpu"]
    rest = str(tmp_path / "neutral.png")
    assert cli.main([*command, "-o", str(first), "--rest", rest, "--save-actor", str(kept)]) == 0
    assert cli.main([*command, "-o", str(second), "--actor", str(kept)]) == 0
    assert str(kept) in capsys.readouterr().out and actor.load(kept).name == "performance"
    one, other = track.load(first), track.load(second)
    np.testing.assert_allclose(one["expression"], other["expression"], atol=2e-3)
    assert one.source["rest"]["origin"] == other.source["rest"]["origin"] == "actor"
    assert one["emotion"][:, 1].mean() > 0.5, "the person smiles there"


def command(output, *arguments):
    start = [sys.executable, "-m", "fields_blender", "capture", str(SAMPLE), "-o", str(output), "--device", "cpu"]
    return [*start, *arguments]


@needs_networks
@needs_sample
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM"])
def test_a_capture_that_was_cut_off_is_resumed(tmp_path, how):
    output, so_far = tmp_path / "a.npz", tmp_path / "a.npz.capture"
    with subprocess.Popen(command(output), cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stderr is not None and b"0%" in process.stderr.readline()
        assert b"10%" in process.stderr.readline()  # 30 of 300 frames
        process.send_signal(getattr(signal, how))
        said = process.stderr.read()
    assert so_far.exists()
    if how == "SIGTERM":
        assert process.returncode == 143 and b"--resume" in said
        assert 30 <= len(track.load(output)) < 300
    else:
        assert process.returncode == -signal.SIGKILL and not output.exists()
    refused = subprocess.run(command(output), cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and "--resume" in refused.stderr
    resumed = subprocess.run(command(output, "--resume"), cwd=ROOT, capture_output=True, text=True, check=False)
    assert resumed.returncode == 0, resumed.stderr
    assert len(track.load(output)) == 300 and not so_far.exists()
    assert int(resumed.stderr.split(" frames")[0].split()[-1].split("/")[0]) > 20  # it did not begin again
