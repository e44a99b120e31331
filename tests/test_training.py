"""The regressor's network, losses and training, on small made-up shards."""

import copy
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("scipy")
pytest.importorskip("cv2")
sys.path.insert(0, os.fspath(Path(__file__).parent))

import shards  # noqa: E402
from torch import nn  # noqa: E402

from fields_blender.names import DOUBT  # noqa: E402
from training import agreement, augment, load, losses, points, refine, train  # noqa: E402
from training.encoder import (  # noqa: E402
    CODE_START,
    EYE_FEATURES,
    EYE_WINDOW,
    FEATURES,
    MOUTH_FEATURES,
    MOUTH_WINDOW,
    mirrored_points,
)
from training.model import (  # noqa: E402
    CONTROL_NAMES,
    CONTROLS,
    REGION_CONTROLS,
    REGIONS,
    Regressor,
    mirrored_controls,
)

SETTINGS = train.Settings(steps=10, couples=2, each=6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    shards.write(folder)
    return folder


@pytest.fixture(scope="module")
def data(folder) -> load.Data:
    return load.load(folder)


@pytest.fixture(scope="module")
def begin(data, folder):
    """A new training run with other settings; what takes long, from the first one."""
    path = folder / "begun.pt"
    train.Trainer(data, SETTINGS, train.bases_beside(folder)).save(path)

    def begin(**changes) -> train.Trainer:
        state = torch.load(path, weights_only=True)
        state["settings"].update(changes)
        torch.save(state, folder / "other.pt")
        return train.Trainer.resume(data, folder / "other.pt")

    return begin


@pytest.fixture
def trainer(begin) -> train.Trainer:
    """With a reader that says something already."""
    trainer = begin()
    torch.manual_seed(0)
    for last in (trainer.model.reader.straight, trainer.model.reader.deep[-1]):
        nn.init.normal_(last.weight, 0, 0.02)
    return trainer


def mirrored_inputs(batch: dict, partner: np.ndarray) -> tuple:
    """What the camera would have seen of the mirrored faces; only the landmark network knows what that would see."""
    return (
        batch["eyes"].flip(1),
        batch["mouth"].flip(2),
        batch["landmarks"][:, partner] * torch.tensor([-1.0, 1.0, 1.0]),
        batch["rotation"] * torch.tensor([1.0, -1.0, -1.0]),
        *(batch["inner8"], batch["inner4"]),
    )


def inputs(batch: dict) -> tuple:
    return tuple(batch[name] for name in ("eyes", "mouth", "landmarks", "rotation", "inner8", "inner4"))


def from_windows() -> list[int]:
    """Columns of the features that come from windows, landmarks and rotation."""
    e, m = EYE_FEATURES, MOUTH_FEATURES
    sides = [range(EYE_WINDOW), range(e, e + EYE_WINDOW)]
    sides += [range(2 * e + side * m, 2 * e + side * m + MOUTH_WINDOW) for side in (0, 1)]
    return [i for side in sides for i in side] + list(range(CODE_START, FEATURES))


# ---- mirrors


def test_points_are_paired_across_the_face():
    partner = mirrored_points(shards.face())
    assert (partner[partner] == np.arange(478)).all()
    np.testing.assert_allclose(shards.face()[partner] * (-1, 1, 1), shards.face())


def test_mirrored_controls_change_sides_and_signs():
    order, sign = mirrored_controls()
    assert (order[order] == np.arange(CONTROLS)).all() and (sign[order] * sign == 1).all()
    name = dict(zip(CONTROL_NAMES, [CONTROL_NAMES[i] for i in order], strict=True))
    assert name["mouthLeft"] == "mouthRight" and name["browInnerUp"] == "browInnerUp"
    assert name["gazeLeftYaw"] == "gazeRightYaw" and sign[CONTROL_NAMES.index("gazeLeftYaw")] == -1
    assert sign[CONTROL_NAMES.index("jawY")] == -1 and sign[CONTROL_NAMES.index("jawX")] == 1


def test_a_mirrored_face_gives_the_mirrored_parameters(trainer):
    """Of any weights, so that nothing has to be learned twice; and mirrored twice is the same."""
    model, batch = trainer.model.eval(), trainer.batch(0)
    partner = mirrored_points(trainer.data.arrays["landmarks"][trainer.split.train].mean(axis=0, dtype=np.float64))
    with torch.no_grad():
        features = model.encoder(*inputs(batch))
        mirror = model.reader.mirror
        mirrored = mirror.features(features)
        columns = from_windows()
        seen = model.encoder(*mirrored_inputs(batch, partner))
        torch.testing.assert_close(mirrored[:, columns], seen[:, columns], atol=1e-3, rtol=1e-3)
        known = torch.ones(len(features), 1)
        rest, mirrored_rest = features.roll(1, 0), mirrored.roll(1, 0)
        controls, doubt = model.reader(features, rest, known)
        others, other_doubt = model.reader(mirrored, mirrored_rest, known)
        torch.testing.assert_close(mirror.controls(controls), others, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(doubt, other_doubt, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(model.emotion(controls), model.emotion(mirror.controls(controls)))
        torch.testing.assert_close(mirror.features(mirror.features(features)), features)
        assert (controls - others).abs().max() > 0.01


def test_landmark_components_keep_the_face(data, trainer):
    coder = trainer.model.encoder.coder
    faces = torch.from_numpy(data.arrays["landmarks"].astype(np.float32))
    back = coder(faces) @ torch.linalg.pinv(coder.axes).T + coder.mean
    assert (back - faces.flatten(1)).square().mean() < 0.5 * (faces - faces.mean(0)).square().mean()
    assert set(coder.sign.tolist()) == {-1.0, 1.0}


def test_brightness_matters_little(trainer):
    batch = trainer.batch(0)
    darker = {**batch, "eyes": batch["eyes"] // 4 * 2 + 9, "mouth": batch["mouth"] // 4 * 2 + 9}
    brighter = {**batch, "eyes": batch["eyes"] // 4 * 4, "mouth": batch["mouth"] // 4 * 4}
    model = trainer.model.eval()
    with torch.no_grad():
        one, other = model.encoder(*inputs(darker)), model.encoder(*inputs(brighter))
    assert (one - other).abs().mean() < 0.1 * one[:, :CODE_START].std()


@pytest.mark.parametrize("kind", ["landmarks", "inner", "image"])
def test_inputs_left_out_are_not_seen(trainer, kind):
    model = Regressor(trainer.model.encoder.coder, 10, kind).eval()
    batch = trainer.batch(0)
    with torch.no_grad():
        features = model.encoder(*inputs(batch))
    seen, code = features[:, :CODE_START], features[:, CODE_START:-3]
    assert (seen == 0).all() == (kind == "landmarks") and (code == 0).all() == (kind == "image")
    assert (features[:, :EYE_WINDOW] == 0).all() == (kind in ("landmarks", "inner"))
    assert features.shape[1] == FEATURES


def test_every_control_has_a_region():
    assert list(REGIONS) == DOUBT
    assert sorted(i for columns in REGION_CONTROLS for i in columns) == list(range(CONTROLS))


# ---- losses


def test_overshoot_costs_double():
    shown = torch.full((4, 1), 0.5)
    more, less = losses.level(shown + 0.3, shown), losses.level(shown - 0.3, shown)
    assert float(more - 0.3) == pytest.approx(2 * float(less - 0.3), rel=1e-4)
    assert float(losses.level(shown + 0.04, shown)) == pytest.approx(0.04, rel=1e-4)


def test_weak_feeling_is_not_pulled_to_full():
    """The best answer to a soft label is that label, which the loss for classes alone doesn't give."""
    label = torch.tensor([[0.8, 0.2, 0, 0, 0, 0, 0, 0]]).repeat(4, 1)
    look = torch.zeros(4, 11, requires_grad=True)
    soft, hard = torch.zeros(4, 8, requires_grad=True), torch.zeros(4, 8, requires_grad=True)
    for logits, loss in ((soft, losses.emotion), (hard, losses.emotion_class)):
        optimiser = torch.optim.Adam([logits], 0.05)
        for _ in range(300):
            optimiser.zero_grad()
            full = torch.cat([logits, look[:, 8:].detach()], dim=1)
            rest = (torch.zeros(4, 2), torch.full((4, 1), 0.5)) if loss is losses.emotion else ()
            loss(full, label, *rest).backward()
            optimiser.step()
    assert float(soft.softmax(1)[0, 1].detach()) == pytest.approx(0.2, abs=0.03)
    assert float(hard.softmax(1)[0, 1].detach()) > 0.9


def test_gain_wants_slope_one():
    true = torch.rand(64, CONTROLS)
    assert float(losses.gain(true + 0.3, true)) < 1e-3
    assert float(losses.gain(0.5 * true, true)) == pytest.approx(0.25, abs=0.02)


def test_closures_count_more():
    weight = losses.control_weight(0.05 * torch.tensor(losses.FULL_SCALE) ** 2)
    other = weight[CONTROL_NAMES.index("mouthFunnel")]
    assert float(weight[CONTROL_NAMES.index("eyelidLeft")] / other) == pytest.approx(3)
    assert float(weight[CONTROL_NAMES.index("mouthClose")] / other) == pytest.approx(3)


def test_radians_count_as_weights_do():
    full = torch.tensor(losses.FULL_SCALE)
    weight = losses.control_weight(0.01 * full**2) * full**2
    others = [i for i in range(CONTROLS) if i not in losses.CLOSURES]
    torch.testing.assert_close(weight[others], weight[others][:1].expand(len(others)))


def test_emotion_sees_nothing_but_the_parameters(trainer):
    """With the controls held, nothing else of the features moves it."""
    batch = trainer.batch(0)
    features = trainer.model.encoder(*inputs(batch)).detach().requires_grad_()
    controls, _ = trainer.model.reader(features, features.roll(1, 0), torch.ones(len(features), 1))
    look = trainer.model.emotion(controls.detach())
    assert look.requires_grad
    assert torch.autograd.grad(look.sum(), features, allow_unused=True)[0] is None
    assert torch.autograd.grad(trainer.model.emotion(controls).sum(), features)[0].abs().max() > 0


def test_doubt_teaches_no_features(trainer):
    features = torch.randn(6, FEATURES, requires_grad=True)
    _, doubt = trainer.model.reader(features, features, torch.ones(6, 1))
    assert torch.autograd.grad(doubt.sum(), features, allow_unused=True)[0] is None


def test_doubt_finds_the_size_of_the_error():
    rng = torch.Generator().manual_seed(0)
    true = torch.zeros(2000, CONTROLS)
    guess = true + 0.1 * torch.randn(true.shape, generator=rng) * torch.tensor(losses.FULL_SCALE)
    sigma = torch.full((1, 8), 0.5, requires_grad=True)
    optimiser = torch.optim.Adam([sigma], 0.01)
    for _ in range(200):
        optimiser.zero_grad()
        losses.doubt(sigma.expand(2000, -1), guess, true).backward()
        optimiser.step()
    np.testing.assert_allclose(sigma.detach().numpy(), 0.1, atol=0.02)


def test_consistency_knows_the_right_controls(trainer):
    """Controls that moved the landmarks explain them; twice as much does not."""
    measures = trainer.measures
    controls = torch.rand(8, CONTROLS)
    moved = controls @ measures.motion
    assert float(losses.consistency(controls, moved, measures)) < 1e-6
    assert float(losses.consistency(2 * controls, moved, measures)) > 0.1


def test_without_a_rest_face_pictures_are_compared_with_each_other(data):
    drawn = load.Sampler(data, np.arange(len(data.person)), 2, 6).draw(np.random.default_rng(0))
    drawn = replace(drawn, rest_weight=np.zeros_like(drawn.rest_weight))
    moved, has_rest, other = train.motion(data, drawn)
    faces = data.arrays["landmarks"][drawn.rows].astype(np.float32).reshape(len(other), -1)
    assert not has_rest.any() and (drawn.group[other] == drawn.group).all() and (other != np.arange(len(other))).all()
    np.testing.assert_array_equal(moved, faces - faces[other])


def test_data_of_others_is_all_trained_on(data, folder, tmp_path):
    shards.write(tmp_path)
    both = load.load(folder, [tmp_path])
    assert len(both.person) == 2 * len(data.person) == 2 * both.extra.sum()
    assert not set(both.person[both.extra]) & set(both.person[~both.extra])
    for family in ("both", "ict"):
        assert set(np.flatnonzero(both.extra)) <= set(train.split(both, family).train)
    eyes, mouth = both.windows(np.array([3, len(data.person) + 3]))
    assert (eyes[0] == eyes[1]).all() and (mouth[0] == mouth[1]).all()
    with pytest.raises(SystemExit, match=r"training\.scans"):
        load.load(folder, [tmp_path / "nothing"])


def test_one_unknown_control_leaves_the_others_known(trainer):
    batch = trainer.batch(0)
    before = {name: float(term.detach()) for name, term in trainer.terms(batch).items()}
    batch["controls"][:, 5] = float("nan")
    after = {name: float(term.detach()) for name, term in trainer.terms(batch).items()}
    assert np.isfinite(list(after.values())).all() and 0 < after["direct"] < before["direct"]


def test_points_move_against_the_window():
    """A window cut 3 px further right shows a point 3 px further left; the right eye's window is mirrored."""
    offsets = np.zeros((1, 3, 2), int)
    offsets[0, :, 0] = 3
    moved = points.seen_in_windows(np.zeros((1, 3, 2), np.float32), np.array([0, 1, 2]), offsets)
    np.testing.assert_allclose(moved[0, :, 0], [-3 * 0.7 / 72, 3 * 0.7 / 72, -3 / 96], rtol=1e-5)
    assert (moved[0, :, 1] == 0).all()


# ---- data


def test_windows_are_cut_where_they_should_be(data):
    rows = np.array([3, 14])
    offsets = np.zeros((2, 3, 2), int)
    offsets[1] = [(4, -4), (-2, 1), (6, 5)]
    eyes, mouth = data.windows(rows, offsets)
    whole_eyes, whole_mouth = data._pictures["eyes"][0][14], data._pictures["mouth"][0][14]
    np.testing.assert_array_equal(eyes[1, 0], whole_eyes[0, 0:72, 8:80])
    np.testing.assert_array_equal(eyes[1, 1], whole_eyes[1, 5:77, 2:74])
    np.testing.assert_array_equal(mouth[1], whole_mouth[11:107, 12:108])
    np.testing.assert_array_equal(eyes[0], data._pictures["eyes"][0][3][:, 4:76, 4:76])
    np.testing.assert_array_equal(data.windows(rows)[1][0], mouth[0])


def test_batches_hold_whole_people(data):
    rows = np.arange(len(data.person))
    batch = load.Sampler(data, rows, couples=4, each=8).draw(np.random.default_rng(1))
    person = data.person[batch.rows].reshape(8, 8)
    assert (person == person[:, :1]).all()
    assert data.arrays["at_rest"][batch.rows].reshape(8, 8)[:, :2].all()
    assert len(batch.twins) and len(batch.same)
    controls = data.arrays["controls"]
    for pairs in (batch.twins, batch.same):
        one, other = batch.rows[pairs].T
        np.testing.assert_array_equal(controls[one], controls[other])
    assert (data.person[batch.rows[batch.same]].ptp(axis=1) != 0).all()


def test_a_resting_picture_is_never_its_own_rest(data):
    batch = load.Sampler(data, np.arange(len(data.person)), 4, 8).draw(np.random.default_rng(0))
    used = np.where(batch.rest_weight > 0, batch.rest, -1)
    assert (used != np.arange(64)[:, None]).all()
    np.testing.assert_allclose(batch.rest_weight.sum(axis=1), 1)


def test_nobody_held_out_is_trained_on(data, folder):
    for family in ("both", "ict"):
        split = train.split(data, family)
        measured = set(data.person[np.concatenate(list(split.held_out.values()))])
        trained = set(data.person[split.train])
        gains = set(data.person[split.calibration])
        assert trained and measured and not trained & measured and not trained & gains and not gains & measured
        couples = {person // 2 for person in measured}
        assert family == "ict" or not couples & {person // 2 for person in trained}
    assert {0, 1} <= set(data.person[np.concatenate(list(train.split(data, "both").held_out.values()))])
    assert set(data.arrays["family"][train.split(data, "ict").train]) == {0}
    assert len(train.split(data, "ict").held_out["anny"]) == (data.arrays["family"] == 1).sum()


def test_spoiling_keeps_most_pictures_and_all_shapes(data):
    rows = np.arange(60)
    eyes, mouth = data.windows(rows)
    old = eyes.copy(), mouth.copy()
    augment.spoil(np.random.default_rng(0), eyes, mouth)
    changed = (mouth != old[1]).any(axis=(1, 2, 3)) | (eyes != old[0]).any(axis=(1, 2, 3, 4))
    assert 0.2 < changed.mean() < 0.8


# ---- training


def test_planted_signal_is_learned(begin):
    trainer = begin(steps=40, couples=8)
    found = [trainer.learn(trainer.batch(step))["direct"] for step in range(32)]
    assert np.mean(found[-4:]) < 0.5 * np.mean(found[:4])


@pytest.mark.parametrize("stop", [3, 9])
def test_going_on_is_as_if_never_stopped(data, begin, tmp_path, stop):
    """In the first step and in the second: to the last bit."""
    straight = begin()
    while straight.step < SETTINGS.steps:
        straight.learn(straight.batch(straight.step))
        if straight.step == stop:
            straight.save(tmp_path / "state.pt")
    resumed = train.Trainer.resume(data, tmp_path / "state.pt")
    assert resumed.step == stop
    while resumed.step < SETTINGS.steps:
        resumed.learn(resumed.batch(resumed.step))
    for one, other in ((straight.model, resumed.model), (straight.average, resumed.average)):
        for name, value in one.state_dict().items():
            assert torch.equal(value, other.state_dict()[name]), name


def test_refining_moves_the_reader_and_leaves_the_encoder(begin, tmp_path):
    trained = begin(steps=2)
    before = copy.deepcopy(trained.average.state_dict())
    refiner = refine.Refiner.of(trained, 20)
    row = int(trained.split.train[3])
    clean = agreement.features_of(trained.average.encoder, trained.data, np.array([row]))
    np.testing.assert_allclose(refiner.seen[0, row].float(), clean[0], atol=0.1)  # bf16
    first = refiner.learn(refiner.batch(0))["direct"]
    while refiner.step < 20:
        found = refiner.learn(refiner.batch(refiner.step))
    assert refiner.anchor and found["direct"] < first
    refiner.save(tmp_path / "refined.pt")
    after = train.Trainer.resume(trained.data, tmp_path / "refined.pt").average.state_dict()
    same = {name: torch.equal(before[name], after[name]) for name in before}
    assert all(same[name] for name in same if name.startswith("encoder."))
    assert not same["reader.straight.weight"] and not same["emotion.look.0.weight"]


def test_emotion_waits_for_the_second_step(begin):
    """In the first step emotion moves no parameter; in the second it does, and the anchor holds."""
    trainer = begin(steps=4)

    def emotion_alone() -> float:
        batch = trainer.batch(0)
        term = trainer.terms(batch)["emotion"]
        found = torch.autograd.grad(term, trainer.model.reader.straight.weight, allow_unused=True)[0]
        return 0.0 if found is None else float(found.abs().max())

    assert emotion_alone() == 0 and trainer.anchor is None
    while trainer.step < trainer.settings.first_steps:
        assert "anchor" not in trainer.learn(trainer.batch(trainer.step))
    before = copy.deepcopy(trainer.average.state_dict())
    assert trainer.learn(trainer.batch(trainer.step))["anchor"] >= 0
    assert trainer.anchor is not None and emotion_alone() > 0
    frozen = trainer.anchor.state_dict()
    trainer.learn(trainer.batch(trainer.step))
    for name, value in before.items():
        assert torch.equal(frozen[name], value), name
    assert not any(p.requires_grad for p in trainer.anchor.parameters())


@pytest.mark.parametrize("supervision", ["2d", "direct", "class"])
def test_other_supervision_runs_and_differs(begin, supervision):
    trainer = begin(steps=4, supervision=supervision)
    while trainer.step < 4:
        found = trainer.learn(trainer.batch(trainer.step))
    assert ("direct" in found) == (supervision != "2d") and np.isfinite(list(found.values())).all()


def test_unlabelled_pictures_teach_through_landmarks_alone(trainer):
    batch = trainer.batch(0)
    for name in ("controls", "points", "gaps"):
        batch[name] = torch.full_like(batch[name], float("nan"))
    for name in ("emotion", "va", "intensity"):
        batch[name] = torch.zeros_like(batch[name])
    terms = {name: float(term.detach()) for name, term in trainer.terms(batch).items()}
    assert np.isfinite(list(terms.values())).all()
    assert terms["direct"] == 0 and terms["emotion"] == 0 and terms["consistency"] > 0


def test_rate_rises_falls_and_starts_again_lower():
    settings = train.Settings(steps=1000)
    rates = np.array([settings.rate(step) for step in range(1000)])
    assert rates[:800].max() == pytest.approx(train.RATE, rel=0.01) and rates[:800].argmax() < 60
    assert rates[800:].max() == pytest.approx(train.RATE * train.SECOND_RATE, rel=0.01)
    assert rates[799] < 0.01 * train.RATE and rates[-1] < 0.01 * train.RATE


# ---- export


def test_exported_networks_say_what_the_trained_one_says(data, begin, tmp_path):
    pytest.importorskip("onnx")
    from training import export

    trainer = begin()
    for step in range(3):
        trainer.learn(trainer.batch(step))
    whole = export.calibrated(trainer)
    export.write_networks(trainer, whole, tmp_path)
    rows = np.arange(7)  # not the number of the example
    features = export.encoded(tmp_path / "encoder.onnx", data, rows)
    with torch.no_grad():
        expected = trainer.average.encoder(*(torch.from_numpy(a) for a in export._encoder_feed(data, rows).values()))
    np.testing.assert_allclose(features, expected.numpy(), atol=1e-4, rtol=1e-4)
    rest, known = np.roll(features, 1, axis=0), np.array([[0.0], [1.0]] * 3 + [[1.0]], np.float32)
    outputs = export.read(tmp_path / "regressor.onnx", features, rest, known)
    with torch.no_grad():
        expected = whole(*(torch.from_numpy(a) for a in (features, rest, known)))
    for value, name in zip(expected, outputs, strict=True):
        np.testing.assert_allclose(outputs[name], value.numpy(), atol=1e-4)
    assert outputs["expression"].min() >= 0 and outputs["expression"].max() <= 1
    assert outputs["doubt"].min() > 0
    np.testing.assert_allclose(outputs["emotion"].sum(axis=1), 1, atol=1e-5)


def test_faces_at_rest_read_as_zero_on_the_mean(data, begin):
    from training import agreement, export

    trainer = begin()
    for step in range(3):
        trainer.learn(trainer.batch(step))
    whole = export.calibrated(trainer)
    rows = trainer.split.calibration
    features = agreement.features_of(trainer.average.encoder, data, rows)
    rest, known = agreement.resting(features, data, rows)
    controls = agreement.predict(trainer.average, features, rest, known)[0].numpy()[data.arrays["at_rest"][rows]]
    mirrored = trainer.model.reader.mirror.controls(torch.from_numpy(controls)).numpy()
    mean = (controls + mirrored).mean(axis=0) / 2
    np.testing.assert_allclose(whole.at_rest[1, :44].numpy(), mean[:44], atol=1e-5)
    assert (whole.at_rest[:, 44:] == 0).all() and (whole.gain >= 1).all()
