"""The regressor's network, losses and training, on small made-up shards."""

import copy
import os
import sys
from dataclasses import replace
from multiprocessing.pool import ThreadPool
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("scipy")
pytest.importorskip("cv2")
sys.path.insert(0, os.fspath(Path(__file__).parent))

import shards  # noqa: E402
from torch import nn  # noqa: E402

from fields_blender.capture.regressor import ENCODER  # noqa: E402
from fields_blender.core.names import UNCERTAINTY  # noqa: E402
from training import batches, dataset, encode, losses, validation  # noqa: E402
from training import trainer as trainer_module  # noqa: E402
from training.encoder import CODE, CODE_NOISE, FEATURES, MAPS, SEEN, Coder, Encoder, MapCoder  # noqa: E402
from training.model import (  # noqa: E402
    CONTROL_NAMES,
    CONTROLS,
    REGION_CONTROLS,
    REGIONS,
    mirrored_controls,
)
from training.supervised_landmarks import mirrored_points  # noqa: E402
from training.trainer import Settings, Trainer, bases_beside  # noqa: E402

SETTINGS = Settings(steps=10, pairs=2, each=6)
torch.set_num_threads(1)  # products this small take longer on more, and by far where other work runs beside


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    shards.write(folder)
    torch.save(Encoder().state_dict(), folder / "encoder.pt")
    return folder


@pytest.fixture(scope="module")
def data(folder) -> dataset.Data:
    return dataset.load(folder)


@pytest.fixture(scope="module")
def begin(data, folder):
    """A new training run with other settings; what takes long, from the first one."""
    path = folder / "begun.pt"
    Trainer(data, SETTINGS, bases_beside(folder)).save(path)

    def begin(**changes) -> Trainer:
        state = torch.load(path, weights_only=True)
        state["settings"].update(changes)
        torch.save(state, folder / "other.pt")
        return Trainer.resume(data, folder / "other.pt")

    return begin


@pytest.fixture
def trainer(begin) -> Trainer:
    """With a reader that says something already."""
    trainer = begin()
    torch.manual_seed(0)
    for last in (trainer.model.reader.linear, trainer.model.reader.deep):
        nn.init.normal_(last.weight, 0, 0.02)
    return trainer


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


def test_a_mirrored_face_shows_the_same_emotion(trainer):
    branch, controls = trainer.model.emotion.eval(), torch.rand(20, CONTROLS)
    mirrored = branch.mirror(controls)
    torch.testing.assert_close(branch.mirror(mirrored), controls)
    torch.testing.assert_close(branch(controls), branch(mirrored))


# ---- features


def test_landmark_components_keep_the_face(data):
    faces = torch.from_numpy(data.arrays["landmarks"].astype(np.float32))
    coder = Coder(faces.numpy())
    found = coder(faces)
    back = found @ torch.linalg.pinv(coder.axes).T + coder.mean
    assert (back - faces.flatten(1)).square().mean() < 1e-3 * (faces - faces.mean(0)).square().mean()
    # Of about unit size where there is more than the landmarker's noise, and less where there isn't.
    size = found.std(dim=0)
    assert (size[:40] > 0.9).all() and (size < 1.01).all() and size[-1] < 0.5


def test_map_components_are_apart_of_unit_size_and_count_channels_alike():
    rng = np.random.default_rng(0)
    hidden = rng.normal(0, 1, (4000, 3, 6)) @ rng.normal(0, 1, (6, 4 * 9))  # six hidden causes, and no more
    maps = (hidden.reshape(4000, 3, 4, 3, 3) * [[[1.0]], [[1.0]], [[1.0]], [[50.0]]] + 3).astype(np.float16)
    found = MapCoder(3, 4, 9, 8, maps)(torch.from_numpy(maps)).numpy().reshape(4000, 3, 8)
    quieter = maps * np.array([[[1.0]], [[1.0]], [[1.0]], [[0.1]]], np.float16)
    others = MapCoder(3, 4, 9, 8, quieter)(torch.from_numpy(quieter)).numpy().reshape(4000, 3, 8)
    for region in range(3):
        mine, other = found[:, region], others[:, region]
        np.testing.assert_allclose(mine.mean(axis=0), 0, atol=0.01)
        np.testing.assert_allclose(mine.T @ mine / 4000, np.diag([1.0] * 6 + [0.0] * 2), atol=0.02)
        # How loud a channel is makes no difference but for the sign of a component.
        np.testing.assert_allclose(np.abs(other[:, :6]), np.abs(mine[:, :6]), atol=0.05)
        flat = maps[:, region].astype(float).reshape(4000, -1)
        flat = (flat - flat.mean(axis=0)) / flat.std(axis=0)
        lost = flat - mine[:, :6] @ np.linalg.lstsq(mine[:, :6], flat, rcond=None)[0]
        assert (lost**2).mean() < 1e-4  # the maps can be told from their components


@pytest.fixture
def maps_of_noise(monkeypatch):
    """The networks of `expression_maps` are replaced by noise: (other, later pictures) -> other maps."""
    from fields_blender.capture.expression_maps import Maps

    class Networks:
        def __init__(self) -> None:
            self.calls = 0

        def of_crop(self, crop: np.ndarray, points: np.ndarray) -> Maps:
            assert crop.shape == (320, 320, 3) and points.min() > 90 and points.max() < 230
            rng = np.random.default_rng(self.calls)
            self.calls += 1
            shapes = ((regions, channels, cells) for regions, channels, cells, _ in list(MAPS.values())[2:])
            return Maps(*(rng.normal(0, 1, shape).astype(np.float16) for shape in shapes))

    networks = Networks()
    monkeypatch.setattr(encode, "expression_maps", lambda: networks)
    return networks


def test_nobody_held_out_fixes_the_encoder(tmp_path, monkeypatch, maps_of_noise):
    """Nor is an encoder that is there fixed anew: features already made would no longer fit."""
    small = {name: (*sizes[:3], 3) for name, sizes in MAPS.items()}
    monkeypatch.setattr("training.encoder.MAPS", small)
    shards.write(tmp_path)
    shard = dataset.shards_of(tmp_path)[0]
    with np.load(shard) as file:
        rows = dict(file)
    out = dataset.held_out(rows["person"])
    assert 0 < out.sum() < len(out)

    def fixed() -> dict[str, torch.Tensor]:
        np.savez(shard, **rows)
        maps_of_noise.calls = 0
        with ThreadPool(1) as pool:
            return encode.fixed_encoder(tmp_path, pool).state_dict()

    first = fixed()
    faces = rows["landmarks"][~out].astype(np.float32).mean(axis=0)
    np.testing.assert_allclose(first["coder.mean"].numpy(), faces.ravel(), atol=1e-4)
    lips = np.load(shard.with_suffix(".lips8.npy"))
    mean = lips[~out].astype(np.float32).mean(axis=0).ravel()
    np.testing.assert_allclose(first["maps.lips8.mean"].numpy()[0], mean, atol=1e-3)
    lips[out] += 5
    np.save(shard.with_suffix(".lips8.npy"), lips)
    rows["landmarks"][out] *= 2
    (tmp_path / "encoder.pt").unlink()
    again = fixed()
    for name in [name for name in first if name.endswith("mean")]:
        torch.testing.assert_close(again[name], first[name], msg=name)
    rows["landmarks"][~out] *= 2
    kept = fixed()
    assert all(torch.equal(kept[name], again[name]) for name in again)


def test_an_encoded_shard_holds_what_the_encoder_says(tmp_path, maps_of_noise):
    shards.write(tmp_path, people=2)
    shard = dataset.shards_of(tmp_path)[0]
    torch.manual_seed(0)
    encoder = Encoder()
    for name, buffer in encoder.named_buffers():
        if name.endswith("axes"):
            buffer.normal_(0, 0.01)
    torch.save(encoder.state_dict(), tmp_path / "encoder.pt")
    encode.encode((tmp_path, shard))
    maps_of_noise.calls = 0
    inputs = encode.inputs(shard)
    wanted = encoder(*(torch.from_numpy(inputs[name]) for name in ENCODER[0]))
    found = dataset.load(tmp_path).features
    assert found.shape == (20, FEATURES) and found.dtype == np.float16
    np.testing.assert_array_equal(found, wanted.half().numpy())
    np.testing.assert_allclose(found[:, -3:], inputs["rotation"], atol=1e-3)


def test_each_shard_is_encoded_once_by_one_encoder(tmp_path, monkeypatch, capsys, maps_of_noise):
    """Data of others too; and anew where the features are older than the encoder, so of another one."""
    ours, others = tmp_path / "ours", tmp_path / "others"
    shards.write(ours, shards=2, people=2)
    shards.write(others, people=2)
    names = [folder / f"shard-{k:05d}.features.npy" for folder, k in ((ours, 0), (ours, 1), (others, 0))]
    torch.save(Encoder().state_dict(), ours / "encoder.pt")
    made = (ours / "encoder.pt").stat().st_mtime
    os.utime(names[0], (made - 10, made - 10))
    os.utime(names[1], (made + 10, made + 10))
    names[2].unlink()
    kept = np.load(names[1])
    monkeypatch.setattr(sys, "argv", ["encode", "--data", str(ours), "--extra", str(others)])
    threads = SimpleNamespace(Pool=lambda workers, begin: ThreadPool(1))
    monkeypatch.setattr(encode.multiprocessing, "get_context", lambda method: threads)
    encode.main()
    assert "1/1" in capsys.readouterr().out
    for name in (names[0], names[2]):  # an encoder of zeros lets nothing through but the rotation
        assert not np.load(name)[:, :-3].any() and np.load(name)[:, -3:].any()
    np.testing.assert_array_equal(np.load(names[1]), kept)
    assert not list(tmp_path.rglob("*.part*"))


def test_pictures_that_were_not_encoded_are_asked_for(tmp_path):
    ours, others = tmp_path / "ours", tmp_path / "others"
    for folder in (ours, others):
        shards.write(folder, people=2)
    (others / "shard-00000.features.npy").unlink()
    with pytest.raises(SystemExit, match=r"others.* is not encoded yet: .*encode --data .*ours --extra .*others first"):
        dataset.load(ours, [others])
    (ours / "shard-00000.features.npy").unlink()
    with pytest.raises(SystemExit, match=r"not encoded yet: run training\.encode --data .*ours first"):
        dataset.load(ours)


@pytest.mark.parametrize("kind", ["landmarks", "image", "both"])
def test_inputs_left_out_are_not_seen(kind):
    features = batches.only(torch.ones(2, FEATURES), kind)
    code, seen, rotation = features.split([CODE, SEEN, 3], dim=1)
    assert (code == float(kind != "image")).all() and (seen == float(kind != "landmarks")).all()
    assert (rotation == 1).all()


def test_augmented_people_lose_landmarks_or_maps_and_never_both():
    torch.manual_seed(0)
    group = torch.arange(1000).repeat_interleave(2)
    scale = torch.linspace(0.5, 2, CODE)
    found = batches.augmented(torch.ones(2000, FEATURES), group, scale)
    code, seen, rotation = found.split([CODE, SEEN, 3], dim=1)
    no_code, no_seen = (code == 0).all(dim=1), (seen == 0).all(dim=1)
    assert (rotation == 1).all() and not (no_code & no_seen).any()
    assert float(seen[~no_seen].mean()) == pytest.approx(1, abs=0.02)
    for lost, share in ((no_code, batches.NO_LANDMARKS), (no_seen, batches.NO_IMAGE)):
        assert (lost[::2] == lost[1::2]).all()  # the whole person
        assert float(lost.float().mean()) == pytest.approx(share, abs=0.03)
    noise = ((code - 1) / scale)[~no_code]
    # A picture's own noise and, of two pictures of a person alike, up to twice as much.
    assert float(noise.std()) == pytest.approx(CODE_NOISE * np.sqrt(1 + 4 / 3), rel=0.05)
    assert float((noise[::2] - noise[1::2]).std()) == pytest.approx(CODE_NOISE * np.sqrt(2), rel=0.05)
    for kind, left_out in (("image", slice(0, CODE)), ("landmarks", slice(CODE, CODE + SEEN))):
        noisy = batches.augmented(batches.only(torch.ones(2000, FEATURES), kind), group, scale)
        assert (noisy[:, left_out] == 0).all()  # what is left out stays out


def test_training_begins_with_the_least_squares_solution(data, folder, monkeypatch):
    """On features that tell the controls in a straight line, the first step is already far better than a guess."""
    monkeypatch.setattr(batches, "augmented", lambda features, group, scale: features)
    trainer = Trainer(data, Settings(steps=10, pairs=8, each=8), bases_beside(folder))
    linear = trainer.average.reader.linear
    inputs, truth = [], []
    for step in range(-(-len(trainer.split.train) // trainer.settings.pictures)):
        batch = trainer.batch(step)
        inputs.append(trainer.reader_inputs(trainer.model, batch["features"], batch).numpy())
        truth.append(batch["controls"].numpy())
    x, y = np.concatenate(inputs).astype(float), np.concatenate(truth)
    x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    answer = np.concatenate([linear.weight.detach().numpy().T, linear.bias.detach().numpy()[None]])
    # Where squared error with weight decay is smallest its slope is 0; the bias does not decay.
    decay = trainer_module.RIDGE * len(x) * answer
    decay[-1] = 0
    slope = x.T @ (x @ answer - y) + decay
    assert np.abs(slope).max() < 0.01 * np.abs(decay).max()
    assert torch.equal(linear.weight, trainer.model.reader.linear.weight)

    batch = trainer.batch(50)
    found = float(trainer.terms(batch)["direct"].detach())
    told = linear.weight[:, : 48 * 20].reshape(CONTROLS, CONTROLS, 20).sum(2)
    own = torch.diagonal(told)[:40]
    assert (own > 3 * (told - torch.diag(torch.diagonal(told))).abs()[:40].mean()).all()
    nn.init.zeros_(trainer.model.reader.linear.weight)
    nn.init.zeros_(trainer.model.reader.linear.bias)
    assert found < 0.6 * float(trainer.terms(batch)["direct"].detach())


def test_unknown_controls_are_no_part_of_the_least_squares(data, folder):
    """As pictures of others have them: all unknown, or some."""
    changed = {**data.arrays, "controls": data.arrays["controls"].copy()}
    changed["controls"][data.person % 4 == 3] = np.nan
    changed["controls"][data.person % 4 == 2, 5] = np.nan
    trainer = Trainer(replace(data, arrays=changed), SETTINGS, bases_beside(folder))
    assert trainer.model.reader.linear.weight.isfinite().all()
    assert trainer.model.reader.linear.weight.abs().max() > 0


def test_every_control_has_a_region():
    assert list(REGIONS) == UNCERTAINTY
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
    output = torch.zeros(4, 11, requires_grad=True)
    soft, hard = torch.zeros(4, 8, requires_grad=True), torch.zeros(4, 8, requires_grad=True)
    for logits, loss in ((soft, losses.emotion), (hard, losses.emotion_class)):
        optimiser = torch.optim.Adam([logits], 0.05)
        for _ in range(300):
            optimiser.zero_grad()
            full = torch.cat([logits, output[:, 8:].detach()], dim=1)
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
    features = batch["features"].clone().requires_grad_()
    controls, _ = trainer.model.reader(features, features.roll(1, 0), torch.ones(len(features), 1))
    output = trainer.model.emotion(controls.detach())
    assert output.requires_grad
    assert torch.autograd.grad(output.sum(), features, allow_unused=True)[0] is None
    assert torch.autograd.grad(trainer.model.emotion(controls).sum(), features)[0].abs().max() > 0


def test_uncertainty_teaches_no_features(trainer):
    features = torch.randn(6, FEATURES, requires_grad=True)
    _, uncertainty = trainer.model.reader(features, features, torch.ones(6, 1))
    assert torch.autograd.grad(uncertainty.sum(), features, allow_unused=True)[0] is None


def test_uncertainty_finds_the_size_of_the_error():
    rng = torch.Generator().manual_seed(0)
    true = torch.zeros(1000, CONTROLS)
    guess = true + 0.1 * torch.randn(true.shape, generator=rng) * torch.tensor(losses.FULL_SCALE)
    sigma = torch.full((1, 8), 0.5, requires_grad=True)
    optimiser = torch.optim.Adam([sigma], 0.02)
    for _ in range(100):
        optimiser.zero_grad()
        losses.uncertainty(sigma.expand(1000, -1), guess, true).backward()
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
    drawn = dataset.Sampler(data, np.arange(len(data.person)), 2, 6).draw(np.random.default_rng(0))
    drawn = replace(drawn, rest_weight=np.zeros_like(drawn.rest_weight))
    moved, has_rest, other = batches.motion(data, drawn)
    faces = data.arrays["landmarks"][drawn.rows].astype(np.float32).reshape(len(other), -1)
    assert not has_rest.any() and (drawn.group[other] == drawn.group).all() and (other != np.arange(len(other))).all()
    np.testing.assert_array_equal(moved, faces - faces[other])


def test_data_of_others_is_all_trained_on(data, folder, tmp_path):
    shards.write(tmp_path)
    both = dataset.load(folder, [tmp_path])
    assert len(both.person) == 2 * len(data.person) == 2 * both.extra.sum()
    assert not set(both.person[both.extra]) & set(both.person[~both.extra])
    for family in ("both", "ict"):
        assert set(np.flatnonzero(both.extra)) <= set(batches.split(both, family).train)
    assert (both.features[3] == both.features[len(data.person) + 3]).all()
    with pytest.raises(SystemExit, match="scans"):
        dataset.load(folder, [tmp_path / "nothing"])


def test_one_unknown_control_leaves_the_others_known(trainer):
    batch = trainer.batch(0)
    torch.manual_seed(0)  # the same noise on both
    before = {name: float(term.detach()) for name, term in trainer.terms(batch).items()}
    batch["controls"][:, 5] = float("nan")
    torch.manual_seed(0)
    after = {name: float(term.detach()) for name, term in trainer.terms(batch).items()}
    assert np.isfinite(list(after.values())).all() and 0 < after["direct"] < before["direct"]


# ---- data


def test_batches_hold_whole_people(data):
    rows = np.arange(len(data.person))
    batch = dataset.Sampler(data, rows, pairs=4, each=8).draw(np.random.default_rng(1))
    person = data.person[batch.rows].reshape(8, 8)
    assert (person == person[:, :1]).all()
    assert data.arrays["at_rest"][batch.rows].reshape(8, 8)[:, :2].all()
    assert len(batch.twins) and len(batch.same)
    controls = data.arrays["controls"]
    for pairs in (batch.twins, batch.same):
        one, other = batch.rows[pairs].T
        np.testing.assert_array_equal(controls[one], controls[other])
    assert (np.ptp(data.person[batch.rows[batch.same]], axis=1) != 0).all()


def test_a_resting_picture_is_never_its_own_rest(data):
    batch = dataset.Sampler(data, np.arange(len(data.person)), 4, 8).draw(np.random.default_rng(0))
    used = np.where(batch.rest_weight > 0, batch.rest, -1)
    assert (used != np.arange(64)[:, None]).all()
    np.testing.assert_allclose(batch.rest_weight.sum(axis=1), 1)


def test_what_is_told_of_a_person(data):
    """Their own face at rest, that and the mean face, some pictures and the mean face, or the mean face alone."""
    sampler = dataset.Sampler(data, np.arange(len(data.person)), 4, 8)
    seen = set()
    for seed in range(20):
        batch = sampler.draw(np.random.default_rng(seed))
        assert (data.person[batch.rows[batch.given]] == data.person[batch.rows][:, None]).all()
        certainty = batch.given_weight.sum(axis=1)
        own, pictures = batch.given_weight[:, :2].sum(axis=1), batch.given_weight[:, 2:]
        assert not (own * pictures.sum(axis=1)).any()
        shown = (pictures > 0).sum(axis=1)
        np.testing.assert_allclose(pictures.sum(axis=1), shown / (shown + dataset.PRIOR), rtol=1e-6)
        seen |= {(o > 0, n > 0, c == 1) for o, n, c in zip(own, shown, certainty.round(6), strict=True)}
        features = torch.from_numpy(data.features[batch.rows]).float()
        told = {n: torch.from_numpy(getattr(batch, n)) for n in ("given", "given_weight")}
        told["certainty"] = told["given_weight"].sum(dim=1, keepdim=True)
        rest = batches.resting(features, told, torch.full((FEATURES,), 7.0))
        nothing = certainty == 0
        assert (rest[nothing] == 7).all()
        one = features[batch.given[0]] * told["given_weight"][0][:, None]
        torch.testing.assert_close(rest[0], one.sum(dim=0) + 7 * (1 - told["certainty"][0]))
    assert seen == {(True, False, True), (True, False, False), (False, True, False), (False, False, False)}


def test_the_mean_face_counts_head_families_alike():
    features = np.array([[1.0], [3.0], [10.0], [99.0]])
    at_rest, family = np.array([True, True, True, False]), np.array([0, 0, 1, 1])
    np.testing.assert_allclose(dataset.mean_face(features, at_rest, family), [6.0])


def test_nobody_held_out_is_trained_on(data, folder):
    for family in ("both", "ict"):
        split = batches.split(data, family)
        measured = set(data.person[np.concatenate(list(split.held_out.values()))])
        trained = set(data.person[split.train])
        gains = set(data.person[split.calibration])
        assert trained and measured and not trained & measured and not trained & gains and not gains & measured
        pairs = {person // 2 for person in measured}
        assert family == "ict" or not pairs & {person // 2 for person in trained}
    assert {0, 1} <= set(data.person[np.concatenate(list(batches.split(data, "both").held_out.values()))])
    assert set(data.arrays["family"][batches.split(data, "ict").train]) == {0}
    assert len(batches.split(data, "ict").held_out["anny"]) == (data.arrays["family"] == 1).sum()


# ---- training


def test_planted_signal_is_learned(begin):
    trainer = begin(steps=60, pairs=4)
    nn.init.zeros_(trainer.model.reader.linear.weight)  # without what least squares knew
    found = [trainer.learn(trainer.batch(step))["direct"] for step in range(40)]
    assert np.mean(found[-8:]) < 0.7 * np.mean(found[:8])


@pytest.mark.parametrize("stop", [3, 9])
def test_going_on_is_as_if_never_stopped(data, begin, tmp_path, stop):
    """In the first stage and in the second: to the last bit."""
    straight = begin()
    while straight.step < SETTINGS.steps:
        straight.learn(straight.batch(straight.step))
        if straight.step == stop:
            straight.save(tmp_path / "state.pt")
    resumed = Trainer.resume(data, tmp_path / "state.pt")
    assert resumed.step == stop
    while resumed.step < SETTINGS.steps:
        resumed.learn(resumed.batch(resumed.step))
    for one, other in ((straight.model, resumed.model), (straight.average, resumed.average)):
        for name, value in one.state_dict().items():
            assert torch.equal(value, other.state_dict()[name]), name


def test_a_run_begins_with_the_weights_of_another(data, begin, folder, tmp_path):
    """As they were learned, and not with least squares again; its own steps count from 0."""
    other = begin()
    other.learn(other.batch(0))
    other.save(tmp_path / "other.pt")
    trainer = Trainer(data, SETTINGS, bases_beside(folder), begin_with=tmp_path / "other.pt")
    assert trainer.step == 0
    for mine in (trainer.model, trainer.average):
        for name, value in other.average.state_dict().items():
            assert torch.equal(mine.state_dict()[name], value), name


def test_a_missing_encoder_is_asked_for_and_not_made_anew(tmp_path):
    shards.write(tmp_path, people=2)
    with pytest.raises(SystemExit, match=r"encoder\.pt is missing.*training\.encode"):
        encode.encoder_of(tmp_path)
    assert not (tmp_path / "encoder.pt").exists()


def test_emotion_waits_for_the_second_stage(begin):
    """In the first stage emotion moves no parameter; in the second it does, and the anchor holds."""
    trainer = begin(steps=4)

    def emotion_alone() -> float:
        batch = trainer.batch(0)
        term = trainer.terms(batch)["emotion"]
        found = torch.autograd.grad(term, trainer.model.reader.linear.weight, allow_unused=True)[0]
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
    settings = Settings(steps=1000)
    rates = np.array([settings.rate(step) for step in range(1000)])
    assert rates[:800].max() == pytest.approx(trainer_module.RATE, rel=0.01) and rates[:800].argmax() < 60
    assert rates[800:].max() == pytest.approx(trainer_module.RATE * trainer_module.SECOND_RATE, rel=0.01)
    assert rates[799] < 0.01 * trainer_module.RATE and rates[-1] < 0.01 * trainer_module.RATE


# ---- export


def test_exported_networks_say_what_the_trained_one_says(data, begin, tmp_path, maps_of_noise):
    pytest.importorskip("onnx")
    from training import export, postprocess

    trainer = begin()
    for step in range(3):
        trainer.learn(trainer.batch(step))
    whole = postprocess.calibrated(trainer)
    export.write_networks(trainer, whole, tmp_path)
    rows = np.arange(7)  # not the number of the example
    maps_of_noise.calls = 0
    found = export.encoded(tmp_path / "encoder.onnx", export._feed(data, rows))
    maps_of_noise.calls = 0
    inputs = encode.inputs(data.shards[0], rows)
    expected = encode.encoder_of(data.folder)(*(torch.from_numpy(inputs[name]) for name in ENCODER[0]))
    np.testing.assert_allclose(found, expected.numpy(), atol=2e-3, rtol=2e-3)  # matrices in 16 bits
    features = data.features[rows].astype(np.float32)
    rest, known = np.roll(features, 1, axis=0), np.array([[0.0], [1.0]] * 3 + [[1.0]], np.float32)
    outputs = export.read(tmp_path / "regressor.onnx", features, rest, known)
    with torch.no_grad():
        expected = whole(*(torch.from_numpy(a) for a in (features, rest, known)))
    for value, name in zip(expected, outputs, strict=True):
        np.testing.assert_allclose(outputs[name], value.numpy(), atol=3e-3)
    assert outputs["expression"].min() >= 0 and outputs["expression"].max() <= 1
    assert outputs["uncertainty"].min() > 0
    np.testing.assert_allclose(outputs["emotion"].sum(axis=1), 1, atol=1e-5)


def test_faces_at_rest_read_as_zero_on_the_mean(data, begin):
    from training import postprocess

    trainer = begin()
    for step in range(3):
        trainer.learn(trainer.batch(step))
    whole = postprocess.calibrated(trainer)
    rows = trainer.split.calibration
    features = validation.features_of(data, rows)
    rest, known = validation.resting(features, data, rows)
    controls = validation.predict(trainer.average, features, rest, known)[0].numpy()[data.arrays["at_rest"][rows]]
    np.testing.assert_allclose(whole.at_rest[1, :44].numpy(), controls.mean(axis=0)[:44], atol=1e-5)
    assert (whole.at_rest[:, 44:] == 0).all() and (whole.gain >= 1).all()


def test_gain_gives_a_control_that_is_seen_its_true_spread(data, begin):
    """And uncertainty is as large as the error."""
    from training import postprocess

    trainer = begin()
    with torch.no_grad():
        trainer.average.reader.linear.weight.mul_(0.7)
    whole = postprocess.calibrated(trainer)
    rows = trainer.split.calibration
    features = validation.features_of(data, rows)
    rest, known = validation.resting(features, data, rows)
    guess, uncertainty, _ = (part.numpy() for part in validation.predict(trainer.average, features, rest, known))
    truth, gain, order = data.arrays["controls"][rows], whole.gain[1].numpy(), mirrored_controls()[0]
    r = validation.agreement(guess, truth)["r"]
    needed = truth.std(axis=0) / np.maximum(guess.std(axis=0), 1e-6)
    free = (r > 0.5) & (needed > 1) & (needed < postprocess.MOST)
    free &= free[order]
    free[CONTROL_NAMES.index("tongueOut")] = False  # never made stronger
    assert free.sum() > 10
    np.testing.assert_allclose(gain[free], (needed + needed[order])[free] / 2, rtol=0.01)
    np.testing.assert_array_equal(gain, gain[order])  # a face is as strong on both sides
    assert gain[CONTROL_NAMES.index("jawZ")] == gain[CONTROL_NAMES.index("tongueOut")] == 1  # the one is never seen
    with torch.no_grad():
        fitted = whole.fitted(torch.from_numpy(guess), features, rest, known).numpy()
    error = (fitted - truth) / losses.FULL_SCALE
    for region, columns in enumerate(REGION_CONTROLS):
        said = (uncertainty[:, region] * whole.uncertainty_gain[1].numpy()[region]) ** 2
        assert said.mean() == pytest.approx((error[:, columns] ** 2).mean(), rel=0.01)


def test_what_is_as_strong_as_faces_at_rest_is_quietened(begin):
    from training import postprocess

    trainer = begin()
    for step in range(3):
        trainer.learn(trainer.batch(step))
    whole = postprocess.calibrated(trainer)
    whole.fits, whole.at_rest, whole.gain = nn.ModuleList(), 0 * whole.at_rest, torch.ones(2, CONTROLS)
    noise = whole.noise = whole.noise.clamp(min=0.01)
    features, known = torch.zeros(2, FEATURES), torch.tensor([[0.0], [1.0]])
    for times, kept in ((1, 0.5), (2, 0.8), (7, 0.98)):
        controls = torch.cat([times * noise, torch.full((2, 4), 0.3)], dim=1)
        found = whole.fitted(controls, features, features, known)
        np.testing.assert_allclose(found[:, :44], kept * controls[:, :44], rtol=1e-3)
        np.testing.assert_array_equal(found[:, 44:], controls[:, 44:])  # eyes output everywhere


def test_the_emotion_branch_learns_to_read_what_ships(data, begin, monkeypatch):
    """The feeling of these shards is the strongest of seven controls, the intensity their mean."""
    from training import postprocess, retrain_emotion

    monkeypatch.setattr(retrain_emotion, "STEPS", 400)
    monkeypatch.setattr(retrain_emotion, "CHUNK", 37)
    trainer = begin()
    whole = postprocess.calibrated(trainer)
    whole.emotion = retrain_emotion.trained_branch(whole, trainer)
    rows = trainer.split.train
    controls = retrain_emotion.shipped_controls(whole, trainer, rows)
    assert controls.shape == (len(rows), CONTROLS)
    label, feeling = data.arrays["emotion"][rows], ~data.arrays["at_rest"][rows]
    right = [
        (branch(controls)[:, 1:8].argmax(dim=1).numpy() == label[:, 1:].argmax(axis=1))[feeling].mean()
        for branch in (trainer.average.emotion, whole.emotion)
    ]
    assert right[1] > max(right[0], 0.5)


def test_naming_counts_strong_feelings_more_and_none_not_at_all():
    output = torch.zeros(3, 11)
    label = torch.zeros(3, 8)
    label[0, 0], label[1, 3], label[2, 3] = 1, 0.25, 1
    assert losses.naming(output[:1], label[:1]) == 0
    weak, strong = (losses.naming(output[k : k + 1], label[k : k + 1]).item() for k in (1, 2))
    assert strong == pytest.approx(np.log(7)) and weak == pytest.approx(strong / 2)
