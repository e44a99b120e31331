"""The crop, the detector and the tracker. Tests that need a face take it from a clip: none is in the repository."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from fields_blender.capture import face as face_module
from fields_blender.capture.face import Face, FaceTracker, Region, crop, region_of_landmarks
from fields_blender.capture.face_networks import (
    REFINED,
    Detection,
    Landmarker,
    _anchors,
    _merge,
    intersection_over_union,
)
from fields_blender.core.errors import FieldsError
from tools import shared_data

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "models"
CLIPS = [
    ROOT / "samples" / "performance.mp4",
    *sorted(shared_data.find("data", "clips").glob("*.mp4")),
]

needs_networks = pytest.mark.skipif(
    not (MODELS / "face_landmarks.onnx").is_file(), reason="the face networks are not there: run make models"
)


# ---- the crop


@pytest.mark.parametrize(
    "region", [Region(300, 200, 150, 0.0), Region(310.5, 190.2, 500, 0.4), Region(320, 240, 90, -2)]
)
def test_what_is_seen_in_the_crop_is_where_the_crop_says(region) -> None:
    picture = np.zeros((480, 640, 3), np.uint8)
    spot = np.array([330.0, 225.0])
    cv2.circle(picture, (330, 225), 7, (255, 255, 255), -1, cv2.LINE_AA)
    seen = crop(picture, region, 192)[..., 0].astype(float)
    y, x = np.mgrid[:192, :192]
    middle = np.array([[(x * seen).sum(), (y * seen).sum(), 192.0]]) / [[seen.sum(), seen.sum(), 192.0]]
    back = region.to_picture(middle, 192)
    np.testing.assert_allclose(back[0, :2], spot, atol=0.3)
    np.testing.assert_allclose(back[0, 2], region.size / 192)


def test_the_crop_is_rgb_of_a_bgr_picture_and_repeats_edges() -> None:
    picture = np.full((20, 31, 3), (10, 20, 30), np.uint8)
    np.testing.assert_array_equal(crop(picture, Region(0, 0, 4000, 0.3), 16), np.full((16, 16, 3), (30, 20, 10)))
    np.testing.assert_array_equal(crop(picture, Region(-900, 50, 10), 16), np.full((16, 16, 3), (30, 20, 10)))


def test_a_turned_face_has_the_same_region_turned() -> None:
    rng = np.random.default_rng(1)
    landmarks = rng.normal(size=(478, 3)) * 30
    landmarks[33, :2], landmarks[263, :2] = (-40, 0), (40, 0)
    upright = region_of_landmarks(landmarks)
    for angle in (0.5, -1.2, 3.0):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turned = landmarks.copy()
        turned[:, :2] = landmarks[:, :2] @ turn.T + (500, 400)
        region = region_of_landmarks(turned)
        np.testing.assert_allclose(region.angle, angle)
        np.testing.assert_allclose(region.size, upright.size)
        np.testing.assert_allclose((region.x, region.y), turn @ (upright.x, upright.y) + (500, 400))


# ---- the detector's boxes


def test_there_are_896_anchors_inside_the_picture_and_symmetric() -> None:
    anchors = _anchors()
    assert anchors.shape == (896, 2) and anchors.min() == 0.5 / 16 and anchors.max() == 1 - 0.5 / 16
    np.testing.assert_allclose(np.sort(anchors, axis=0), np.sort(1 - anchors, axis=0))


def test_overlapping_boxes_become_their_average_by_score() -> None:
    points = np.zeros((3, 8, 2))
    points[:, 1] = 0.2
    points[:, 0] = [[0.5, 0.5], [0.52, 0.5], [0.1, 0.1]]
    faces = _merge(points, np.array([0.9, 0.6, 0.7]))
    assert [score for _, score in faces] == [0.9, 0.7]
    np.testing.assert_allclose(faces[0][0][0], [(0.5 * 0.9 + 0.52 * 0.6) / 1.5, 0.5])
    np.testing.assert_allclose(faces[1][0][0], [0.1, 0.1])


def test_intersection_over_union() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]], float)
    np.testing.assert_allclose(intersection_over_union(boxes[0], boxes), [1, 1 / 3, 0])


def test_refined_points_are_points_of_the_mesh_each_named_once() -> None:
    everything = np.concatenate(list(REFINED.values()))
    assert len(np.unique(everything)) == len(everything) and everything.max() == 477
    assert [len(points) for points in REFINED.values()] == [80, 71, 71, 5, 5]


@pytest.mark.parametrize("size", [(1920, 1080), (517, 393), (200, 1111), (16, 16)])
def test_tiles_cover_the_picture_and_overlap(size) -> None:
    width, height = size
    for part in face_module.TILES:
        covered = np.zeros((height, width), bool)
        for x, y, side in face_module._tiles(width, height, part):
            covered[max(y, 0) : y + side, max(x, 0) : x + side] = True
        assert covered.all()


# ---- the tracker's decisions, with networks that see coloured squares as faces


class Squares:
    """Stands for both networks: a face is a square of pure red, its landmarks fill the square."""

    device = "none"

    def __init__(self, *_) -> None:
        self.detected: list[tuple[int, int, int] | None] = []

    def detect(self, image, square=None, least=0.5) -> list[Detection]:
        self.detected.append(square)
        x, y, side = square or (0, 0, max(image.shape[:2]))
        red = (image == (0, 0, 255)).all(axis=2).astype(np.uint8)
        _, _, boxes, _ = cv2.connectedComponentsWithStats(red)
        found = []
        for left, top, width, height, _ in boxes[1:]:
            if x <= left and left + width <= x + side and y <= top and top + height <= y + side and width > side / 12:
                box = np.array([left, top, left + width, top + height], float)
                eyes = np.array([[left, top + height / 2], [left + width, top + height / 2]])
                found.append(Detection(box, eyes, 0.9 - left / 1e5))
        return found

    def find(self, image, region) -> Face:
        inside = self.detect(
            image, (round(region.x - region.size / 2), round(region.y - region.size / 2), round(region.size))
        )
        self.detected.pop()
        landmarks = np.zeros((478, 3), np.float32)
        inner = np.zeros((3, 64, 8, 8), np.float16), np.zeros((3, 128, 4, 4), np.float16)
        if len(inside) != 1:
            return Face(landmarks, 0.1, *inner)
        x0, y0, x1, y1 = inside[0].box
        landmarks[:, :2] = (x0 + x1) / 2, (y0 + y1) / 2
        landmarks[[33, 263, 10, 152], :2] = [
            [x0, (y0 + y1) / 2],
            [x1, (y0 + y1) / 2],
            [(x0 + x1) / 2, y0],
            [(x0 + x1) / 2, y1],
        ]
        return Face(landmarks, 0.99, *inner)


@pytest.fixture
def tracker(monkeypatch):
    def make(choose="largest") -> FaceTracker:
        monkeypatch.setattr(face_module, "Detector", Squares)
        monkeypatch.setattr(face_module, "Landmarker", Squares)
        return FaceTracker(MODELS, choose=choose)

    return make


def scene(*faces: tuple[int, int, int], grey: int = 90, width: int = 640, height: int = 480) -> np.ndarray:
    picture = np.full((height, width, 3), grey, np.uint8)
    for x, y, side in faces:
        picture[y : y + side, x : x + side] = (0, 0, 255)
    return picture


def left_of(face: Face | None) -> float | None:
    return None if face is None else round(float(face.box[0]))


A, B = (60, 200, 80), (400, 180, 120)


def test_the_largest_the_first_and_the_chosen_face(tracker) -> None:
    picture = scene(A, B)
    assert left_of(tracker("largest").track(picture)) == B[0]
    assert left_of(tracker("first").track(picture)) == A[0]  # the detector is surest of the leftmost here
    assert left_of(tracker((0.05, 0.3, 0.3, 0.7)).track(picture)) == A[0]
    assert left_of(tracker((0.6, 0.3, 0.9, 0.7)).track(picture)) == B[0]
    assert tracker((0.35, 0.8, 0.5, 1.0)).track(picture) is None


def test_it_stays_with_its_face_when_a_larger_one_comes(tracker) -> None:
    follow = tracker()
    assert left_of(follow.track(scene(A))) == A[0]
    for step in range(5):
        assert left_of(follow.track(scene((A[0] + 6 * step, A[1], A[2]), B))) == A[0] + 6 * step


def test_it_waits_for_its_hidden_face_before_taking_another(tracker) -> None:
    follow = tracker()
    follow.track(scene((A[0], A[1], 140), B))
    follow.track(scene(A, B))
    hidden = [left_of(follow.track(scene(B))) for _ in range(10)]
    assert hidden == [None] * 10
    assert left_of(follow.track(scene(A, B))) == A[0]
    gone = [left_of(follow.track(scene(B))) for _ in range(face_module.PATIENCE + 1)]
    assert gone == [None] * face_module.PATIENCE + [B[0]]


def test_a_jump_nearby_is_followed_in_the_same_frame(tracker) -> None:
    follow = tracker()
    follow.track(scene(A))
    assert left_of(follow.track(scene((150, 200, 80)))) == 150


def test_a_jump_far_away_is_followed_in_the_same_frame(tracker) -> None:
    follow = tracker()
    follow.track(scene(A))
    assert left_of(follow.track(scene((500, 200, 80)))) == 500


def test_after_a_cut_another_face_is_taken_in_the_same_frame(tracker) -> None:
    follow = tracker()
    follow.track(scene(A))
    assert left_of(follow.track(scene(B, grey=200))) == B[0]


def test_after_reset_it_chooses_anew(tracker) -> None:
    follow = tracker()
    follow.track(scene(A))
    follow.reset()
    assert left_of(follow.track(scene(A, B))) == B[0]


def test_small_faces_are_looked_for_only_now_and_then(tracker) -> None:
    follow = tracker()
    runs = []
    for _ in range(2 * face_module.TILE_EVERY):
        before = len(follow._detector.detected)
        assert follow.track(scene()) is None
        runs.append(len(follow._detector.detected) - before)
    assert runs[0] == runs[face_module.TILE_EVERY] > 50
    assert max(runs[1 : face_module.TILE_EVERY]) == 1
    follow.reset()
    assert left_of(follow.track(scene((300, 200, 20)))) == 300


@pytest.mark.parametrize("choose", ["tallest", (0.5, 0.5, 0.2, 0.9), (0.1, 0.2)])
def test_a_choice_that_is_none_is_refused(tracker, choose) -> None:
    with pytest.raises(FieldsError):
        tracker(choose)


@pytest.mark.parametrize("picture", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3))])
def test_a_picture_of_another_kind_is_refused(tracker, picture) -> None:
    with pytest.raises(FieldsError):
        tracker().track(picture)


# ---- with the networks


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    for path in CLIPS:
        video = cv2.VideoCapture(str(path))
        found, image = video.read()
        if found:
            return image
    pytest.skip("no clip with a face: samples/performance.mp4 is not there")


@pytest.fixture(scope="module")
def real() -> FaceTracker:
    return FaceTracker(MODELS, "cpu")


def placed(portrait, real, width: int, size: tuple[int, int], at: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """The portrait shrunk until its face is `width` px wide, on a grey picture; and the landmarks it should get."""
    real.reset()
    face = real.track(portrait)
    assert face is not None
    scale = width / (face.box[2] - face.box[0])
    small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    picture = np.full((size[1], size[0], 3), 110, np.uint8)
    x, y = int(at[0] * (size[0] - small.shape[1])), int(at[1] * (size[1] - small.shape[0]))
    picture[y : y + small.shape[0], x : x + small.shape[1]] = small
    real.reset()
    return picture, face.landmarks[:, :2] * scale + (x, y)


@needs_networks
@pytest.mark.parametrize("at", [(0.02, 0.9), (0.5, 0.5), (0.83, 0.1)])
def test_a_face_40_px_wide_in_1080p_is_found(portrait, real, at) -> None:
    picture, expected = placed(portrait, real, 40, (1920, 1080), at)
    face = real.track(picture)
    assert face is not None and face.score > 0.5
    assert np.linalg.norm(face.landmarks[:, :2] - expected, axis=1).mean() < 2.0


@needs_networks
@pytest.mark.parametrize("size", [(517, 393), (301, 811), (1280, 721)])
def test_odd_sizes(portrait, real, size) -> None:
    picture, expected = placed(portrait, real, 110, size, (0.3, 0.6))
    face = real.track(picture)
    assert face is not None and face.landmarks.dtype == np.float32 and face.landmarks.shape == (478, 3)
    assert np.linalg.norm(face.landmarks[:, :2] - expected, axis=1).mean() < 1.5


@needs_networks
def test_a_tilted_head_has_tilted_landmarks(portrait, real) -> None:
    real.reset()
    upright = real.track(portrait)
    height, width = portrait.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 30, 0.7)
    real.reset()
    tilted = real.track(cv2.warpAffine(portrait, turn, (width, height)))
    expected = upright.landmarks[:, :2] @ turn[:, :2].T + turn[:, 2]
    across = np.linalg.norm(expected[33] - expected[263])
    assert np.linalg.norm(tilted.landmarks[:, :2] - expected, axis=1).mean() < 0.03 * across


@needs_networks
def test_a_face_that_leaves_over_the_edge_is_lost_and_found_again(portrait, real) -> None:
    picture, _ = placed(portrait, real, 120, (900, 600), (0.0, 0.5))
    for shift in (0, -60, -120, -180, -400, -900, -900):
        last = real.track(cv2.warpAffine(picture, np.float32([[1, 0, shift], [0, 1, 0]]), (900, 600)))
    assert last is None
    assert real.track(picture) is not None


@needs_networks
def test_no_face_in_noise_and_none_in_grey(real) -> None:
    rng = np.random.default_rng(0)
    noise = cv2.GaussianBlur(rng.integers(0, 255, (540, 960, 3), dtype=np.uint8), (0, 0), 6)
    for picture in (cv2.normalize(noise, None, 40, 200, cv2.NORM_MINMAX), np.full((540, 960, 3), 128, np.uint8)):
        real.reset()
        assert real.track(picture) is None


@needs_networks
def test_following_gives_what_a_fresh_look_gives(portrait, real) -> None:
    real.reset()
    fresh = real.track(portrait).landmarks
    for _ in range(3):
        followed = real.track(portrait).landmarks
    across = np.linalg.norm(fresh[33, :2] - fresh[263, :2])
    assert np.linalg.norm((fresh - followed)[:, :2], axis=1).mean() < 0.02 * across


@needs_networks
def test_the_left_eye_is_the_subjects(portrait, real) -> None:
    real.reset()
    landmarks = real.track(portrait).landmarks
    assert landmarks[263, 0] > landmarks[33, 0]  # in the picture, the subject's left is on the right
    assert abs(landmarks[468, 0] - landmarks[[33, 133], 0].mean()) < abs(landmarks[468, 0] - landmarks[263, 0])
    assert (
        landmarks[4, 2] < landmarks[[234, 454], 2].mean()
    )  # the tip of the nose is nearer to the camera than the ears


@needs_networks
def test_the_inner_maps_are_of_the_lips_the_right_eye_and_the_left_eye(portrait, real) -> None:
    """What is covered in the picture changes its own maps most, and an eye hardly those of the other."""
    real.reset()
    region = region_of_landmarks(real.track(portrait).landmarks)
    landmarker = Landmarker(MODELS, "cpu")
    plain = landmarker.find(portrait, region)
    assert plain.inner8.shape == (3, 64, 8, 8) and plain.inner4.shape == (3, 128, 4, 4)
    assert plain.inner8.dtype == plain.inner4.dtype == np.float16
    for row, corners in enumerate(([61, 291], [33, 133], [263, 362])):
        points = plain.landmarks[corners, :2]
        (x, y), side = points.mean(axis=0), 0.8 * np.ptp(points[:, 0])
        covered = portrait.copy()
        part = covered[int(y - 0.6 * side) : int(y + 0.6 * side), int(x - side) : int(x + side)]
        part[:] = part.mean(axis=(0, 1))
        found = landmarker.find(covered, region)
        for before, after in ((plain.inner8, found.inner8), (plain.inner4, found.inner4)):
            change = np.abs(after.astype(float) - before).mean(axis=(1, 2, 3)) / np.abs(before.astype(float)).mean()
            assert change.argmax() == row and np.delete(change, row).max() < 0.75 * change[row]


@needs_networks
def test_after_a_cut_to_another_framing_the_landmarks_fit_in_the_same_frame(portrait, real) -> None:
    shots = [placed(portrait, real, width, (960, 720), at) for width, at in ((150, (0.3, 0.5)), (190, (0.4, 0.6)))]
    shots.append((shots[0][0][:, ::-1].copy(), None))
    for i, j in ((0, 1), (1, 0), (2, 0), (2, 1)):
        real.reset()
        real.track(shots[i][0])
        picture, expected = shots[j]
        landmarks = real.track(picture).landmarks[:, :2]
        across = np.linalg.norm(expected[33] - expected[263])
        assert np.linalg.norm(landmarks - expected, axis=1).mean() < 0.04 * across


@pytest.mark.parametrize("text", ["", "[]", "null", '{"networks": []}', '{"networks": {"face_detector": {}}}'])
def test_a_damaged_card_is_refused(tmp_path, text):
    (tmp_path / "face.json").write_text(text)
    with pytest.raises(FieldsError, match="Reinstall"):
        FaceTracker(tmp_path, "cpu")
