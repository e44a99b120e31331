"""Everything that reads a file somebody else may have made: its name, how it reads, and files it reads well."""

import io
import pickle
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fields_blender.capture import actor, face_networks, journal, regressor, video
from fields_blender.core import safe_pickle, track
from fields_blender.core.names import ARKIT
from fields_blender.exchange import audio2face_json, livelink, recordings
from fields_blender.flame import flame_model
from fields_blender.flame.flame_basis import VERTICES
from fields_blender.rig import mapping_file
from fields_blender.shape import shaping
from tests.tracks import lively

ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Reader:
    """`read`: given a path. `suffix`: of the file. `seeds`: files to start from. `slow`: so many times fewer inputs."""

    read: Callable[[Path], object]
    suffix: str
    seeds: Callable[[], list[bytes]]
    slow: int = 1


def _written(write: Callable[[Path], object], suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        write(path)
        return path.read_bytes()


def _held(*names: str) -> list[bytes]:
    return [(CORPUS / name).read_bytes() for name in names]


def _npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _tracks() -> list[bytes]:
    strips = {"name": "shot", "rate": 24, "strips": [{"name": "a", "first": 1, "last": 9}], "rest": {"origin": "x"}}
    whole = track.Track(lively(20).time, lively(20).groups, {"name": "card"}, strips)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("meta.npy", bytes(80_000_000))
    return [track.dumps(whole), track.dumps(lively(3)), bomb.getvalue(),
            *_held("surrogate.npz", "tiny_steps_track.npz", "track-2c45c0.npz")]  # fmt: skip


def _actors() -> list[bytes]:
    return [actor.dumps(actor.Actor("Änn", np.linspace(0, 1, 30).astype(np.float32), 3, "0" * 64))]


def _texts() -> list[bytes]:
    face_cap = (
        b"info,a,b,10,1,1\nbs," + ",".join(ARKIT).encode() + b"\n" + b"k,16,0,0,0,1,2,3,0,0,0,0," + b"0.1," * 52 + b"\n"
    )
    phone = (
        "|".join(f"{name}-{10 + i}" for i, name in enumerate(ARKIT))
        + "=head#1,2,3,0,0,0|rightEye#1,2,3|leftEye#1,2,3|\n"
    )
    return [
        _written(lambda path: livelink.write(lively(20), path), ".csv"),
        face_cap, phone.encode() * 4, *_held("tiny_steps_facecap.txt", "far.csv"),
        b"Timecode,BlendshapeCount,EyeBlinkLeft,JawOpen\n10:00:00:00.1,61,0.5,0.2\n10:00:00:01.1,61,0.5,0.2\n",
    ]  # fmt: skip


def _jsons() -> list[bytes]:
    return [_written(lambda path: audio2face_json.write(lively(8), path), ".json"), b"[" * 100_000 + b"]" * 100_000]


def _flames() -> list[bytes]:
    numbers = np.random.default_rng(2).normal(0, 0.2, (12, 120))
    parts = {"expr": 100, "rotation": 3, "neck_pose": 3, "jaw_pose": 3, "eyes_pose": 6, "translation": 3}
    whole = {name: numbers[:, :width] for name, width in parts.items()} | {"timestep_id": np.arange(12)}
    return [
        _npz(**whole),
        _npz(exp=numbers[:, :50], pose=numbers[:, :6]),
        *_held("flame-059f77.npz", "flame-2c45c0.npz"),
    ]


def _arrays() -> list[bytes]:
    return [_npy(np.zeros((9, 50), np.float32)), _npy(np.ones((9, 6))), *_held("npy-2c45c0.npy")]


def _pickles() -> list[bytes]:
    content = {"v_template": np.zeros((9, 3)), "f": np.zeros((4, 3), np.uint32), "a": [1, "x", {"b": (2.0, None)}]}
    return [pickle.dumps(content, protocol) for protocol in (0, 2, 3, 4)]


def _mappings() -> list[bytes]:
    shipped = sorted((ROOT / "models" / "mappings").glob("*.json"))
    return [*(path.read_bytes() for path in shipped[:4]), *_held("map_surrogate.json", "mapping-2fc676.json")]


def _shapings() -> list[bytes]:
    return [shaping.Shaping().to_json().encode(), *_held("shaping-3290e4.json")]


def _journals() -> list[bytes]:
    def write(path: Path) -> None:
        with journal.opened(journal.Keep(path, {"take": "a"}), {"features": 3}, []) as made:
            for i in range(6):
                made.frame(journal.Seen(i / 24, 0.5, 0, np.zeros(6, np.float32) if i % 2 else None))
            made.append(np.zeros((3, 3), np.float32))

    return [_written(write, ".capture")]


def _cards() -> list[bytes]:
    return [(ROOT / "models" / "regressor.json").read_bytes(), *_held("card-regressor.json")]


def _face_cards() -> list[bytes]:
    return [(ROOT / "models" / "face.json").read_bytes(), *_held("card-face.json")]


def _pictures() -> list[bytes]:
    import cv2

    image = np.random.default_rng(3).integers(0, 255, (40, 60, 3), np.uint8)
    made = [
        cv2.imencode(suffix, image)[1].tobytes()
        for suffix in (".png", ".jpg", ".bmp", ".tiff", ".webp", ".ppm", ".jp2")
    ]
    return [*made, *_held("pic-000f6.png")]


def _videos() -> list[bytes]:
    import cv2

    from tests.make_clips import write_video

    with tempfile.TemporaryDirectory() as folder:
        made = write_video(Path(folder) / "a.mp4", 6, 24).read_bytes()
        cv2.setLogLevel(0)
    return [made]


def _read_shaping(path: Path) -> object:
    return shaping.from_json(path.read_bytes().decode("utf-8", "surrogateescape"))


def _read_pickle(path: Path) -> object:
    return safe_pickle.loads(path.read_bytes(), {"v_template", "f", "a"}, path.name)


def _read_journal(path: Path) -> object:
    with journal.reopened(path, []) as found:
        journal.summary(path)
        return found.rows(0, len(found.seen)), [seen.time for seen in found.seen]


def _read_video(path: Path) -> object:
    video.probe(path)
    return sum(image.size for _, image in zip(range(30), (image for _, image in video.decode(path)), strict=False))


def _named(name: str, read: Callable[[Path], object]) -> Callable[[Path], object]:
    """A card has to be called `name` in its folder."""

    def read_there(path: Path) -> object:
        path.replace(path.with_name(name))
        return read(path.parent)

    return read_there


def _axes() -> np.ndarray:
    return np.random.default_rng(1).normal(0, 1e-3, (100, VERTICES, 3))


_OPTIONS: list[recordings.Options] = []


def _read_flame(path: Path) -> object:
    if not _OPTIONS:
        _OPTIONS.append(recordings.Options(axes=_axes()))
    return recordings.read(path, _OPTIONS[0])


READERS = {
    "track": Reader(track.load, ".npz", _tracks),
    "actor": Reader(actor.load, ".npz", _actors),
    "text": Reader(recordings.read, ".csv", _texts),
    "json": Reader(recordings.read, ".json", _jsons),
    "flame": Reader(_read_flame, ".npz", _flames, slow=4),
    "array": Reader(_read_flame, ".npy", _arrays),
    "pickle": Reader(_read_pickle, ".pkl", _pickles),
    "model": Reader(flame_model.load, ".npz", _flames),
    "mapping": Reader(mapping_file.load, ".json", _mappings),
    "shaping": Reader(_read_shaping, ".json", _shapings),
    "journal": Reader(_read_journal, ".capture", _journals),
    "card": Reader(_named("regressor.json", regressor.load_card), ".json", _cards),
    "face card": Reader(_named("face.json", face_networks.load_card), ".json", _face_cards),
    "picture": Reader(video.read_picture, ".png", _pictures),
    "video": Reader(_read_video, ".mp4", _videos, slow=10),
}
