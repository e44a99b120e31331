"""Keep Correction: a posed frame comes out as posed at every later bake, on every kind of rig, under every slider."""

import json
from dataclasses import replace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

RATE, COUNT = 24, 96


@pytest.fixture
def head(small_head):
    small_head.fields.use_smoothing, small_head.fields.key_style = False, "EVERY"
    return small_head


@pytest.fixture
def performance(part):
    """A face that shows one expression in the first half of each second and another in the second half."""

    def make(fps=RATE, coded=True, seed=0, seconds=4):
        names, track = part("fields_blender.core.names"), part("fields_blender.core.track")
        n = seconds * fps
        random = np.random.default_rng(seed)
        faces = random.uniform(0.2, 0.4, (2, 39)), random.normal(size=(2, track.CODE))
        half = (np.arange(n) % fps >= fps // 2).astype(int)
        groups = {name: np.zeros((n, *shape), np.float32) for name, shape in names.GROUPS.items()}
        groups["expression"] = faces[0][half].astype(np.float32)
        groups["jaw"][:, 0] = 0.1
        groups["confidence"][:] = 1.0
        code = faces[1][half].astype(np.float16) if coded else None
        return track.Track(np.arange(n) / fps, groups, {}, {"name": "shot"}, code)

    return make


@pytest.fixture
def take(head, part, performance):
    made = part("operators.takes.takes").add(head, performance())
    bpy.ops.fields.bake()
    return made


def shown(head, name, frame):
    bpy.context.scene.frame_set(frame)
    return head.data.shape_keys.key_blocks[name].value


def pose(head, frame, **values):
    bpy.context.scene.frame_set(frame)
    for name, value in values.items():
        head.data.shape_keys.key_blocks[name].value = value


def error_of(operator, **options) -> str:
    with pytest.raises(RuntimeError) as raised:
        operator(**options)
    return str(raised.value)


def test_a_posed_frame_stays_as_posed_and_frames_that_look_alike_follow(head, take):
    before = {frame: shown(head, "mouthSmileLeft", frame) for frame in range(COUNT)}
    other = shown(head, "mouthFrownLeft", 3)
    pose(head, 3, mouthSmileLeft=0.8)
    assert bpy.ops.fields.keep_correction() == {"FINISHED"}
    assert [channel.name for channel in take.corrections[0].channels] == ["mouthSmileLeft"]
    for _ in range(2):
        assert shown(head, "mouthSmileLeft", 3) == pytest.approx(0.8, abs=1e-5)
        assert shown(head, "mouthFrownLeft", 3) == other
        assert shown(head, "mouthSmileLeft", 24 + 3) == pytest.approx(0.8, abs=0.05)  # looks the same
        assert shown(head, "mouthSmileLeft", 24 + 18) == pytest.approx(before[24 + 18], abs=0.2)  # looks different
        bpy.ops.fields.bake()
    bpy.ops.fields.correction_delete()
    assert not take.corrections
    for frame in (3, 27, 42):
        assert shown(head, "mouthSmileLeft", frame) == pytest.approx(before[frame], abs=1e-6)


@pytest.mark.parametrize("style", ["REDUCED", "EVERY"])
def test_nothing_posed_is_nothing_kept(head, take, style):
    head.fields.key_style = style
    bpy.ops.fields.bake()
    for frame in (3, 11, 12, 40):
        bpy.context.scene.frame_set(frame)
        assert bpy.ops.fields.keep_correction() == {"CANCELLED"}
    assert not take.corrections


@pytest.mark.parametrize(
    "setting",
    [
        {"emotion_intensity": 1.7},
        {"emotion_intensity": 0.4},
        {"mirror": True},
        {"strength": 0.5},
        {"even": 0.5},
        {"gain": 1.5},
        {"neutral": "AUTOMATIC"},
        {"stretch": 0.5},
    ],
)
def test_it_comes_out_as_posed_whatever_the_sliders_are(head, take, setting):
    for name, value in setting.items():
        if name == "emotion_intensity":
            head.fields.emotion_intensity = value
        elif name == "strength":
            head.fields.shape.strength = [value] * 9
        elif name == "gain":
            head.fields.shape.channels["mouthSmileLeft"].gain = value
        else:
            setattr(head.fields.shape, name, value)
    pose(head, 30, mouthSmileLeft=0.55, browDownRight=0.15, jawOpen=0.5)
    assert bpy.ops.fields.keep_correction() == {"FINISHED"}
    for name, value in (("mouthSmileLeft", 0.55), ("browDownRight", 0.15), ("jawOpen", 0.5)):
        assert shown(head, name, 30) == pytest.approx(value, abs=3e-3), name
    assert len(take.corrections) == 1


def test_a_channel_held_still_is_said(head, take):
    bpy.context.view_layer.update()
    head.fields.shape.channels["mouthSmileLeft"].mute = True
    pose(head, 30, mouthSmileLeft=0.5)
    assert bpy.ops.fields.keep_correction() == {"CANCELLED"}
    pose(head, 30, mouthSmileLeft=0.5, browInnerUp=0.9)
    assert bpy.ops.fields.keep_correction() == {"FINISHED"}
    assert [channel.name for channel in take.corrections[0].channels] == ["browInnerUp"]


def test_the_slider_of_a_correction_moves_the_keys(head, take):
    before, later = shown(head, "mouthSmileLeft", 3), shown(head, "mouthSmileLeft", 60)
    pose(head, 3, mouthSmileLeft=0.8)
    bpy.ops.fields.keep_correction(reach="TAKE")
    correction = take.corrections[0]
    correction.strength = 0.5
    assert shown(head, "mouthSmileLeft", 60) - later == pytest.approx((0.8 - before) / 2, abs=1e-4)
    assert shown(head, "mouthSmileLeft", 3) == pytest.approx((0.8 + before) / 2, abs=1e-5)
    correction.mute = True
    assert shown(head, "mouthSmileLeft", 3) == pytest.approx(before, abs=1e-6)
    correction.mute, correction.strength, correction.reach = False, 1.0, "HERE"
    assert shown(head, "mouthSmileLeft", 3) == pytest.approx(0.8, abs=1e-5)
    assert shown(head, "mouthSmileLeft", 50) < 0.5
    correction.channels[0].delta = 0.1
    assert shown(head, "mouthSmileLeft", 3) == pytest.approx(before + 0.1, abs=1e-5)


def test_a_second_look_at_a_frame_adds_to_its_correction(head, take):
    pose(head, 3, mouthSmileLeft=0.8)
    bpy.ops.fields.keep_correction()
    pose(head, 3, browInnerUp=0.9)
    bpy.ops.fields.keep_correction()
    assert len(take.corrections) == 1
    assert {channel.name for channel in take.corrections[0].channels} == {"mouthSmileLeft", "browInnerUp"}
    assert shown(head, "mouthSmileLeft", 3) == pytest.approx(0.8, abs=1e-5)
    assert shown(head, "browInnerUp", 3) == pytest.approx(0.9, abs=1e-5)


def test_in_order_of_time_and_jumped_to(scene, head, take):
    for frame, value in ((50, 0.7), (3, 0.8), (30, 0.1)):
        pose(head, frame, mouthSmileLeft=value)
        bpy.ops.fields.keep_correction()
    assert [round(correction.time * RATE) for correction in take.corrections] == [3, 30, 50]
    assert take.correction_index == 1
    scene.frame_set(4)
    bpy.ops.fields.correction_jump()
    assert scene.frame_current == 30
    bpy.ops.fields.correction_jump(which="NEXT")
    assert scene.frame_current == 50 and take.correction_index == 2
    assert bpy.ops.fields.correction_jump(which="NEXT") == {"CANCELLED"}
    bpy.ops.fields.correction_jump(which="PREVIOUS")
    assert scene.frame_current == 30


def test_two_takes_do_not_share_and_a_copy_has_its_own(head, part, take, performance):
    pose(head, 3, mouthSmileLeft=0.8)
    bpy.ops.fields.keep_correction()
    bpy.ops.fields.take_duplicate()
    first, second = head.fields.takes
    assert len(second.corrections) == 1 == len(first.corrections)
    second.corrections[0].strength = 0.3
    assert first.corrections[0].strength == 1.0
    part("operators.takes.takes").add(head, performance(seed=0))
    bpy.ops.fields.bake()
    assert not head.fields.takes[2].corrections
    assert shown(head, "mouthSmileLeft", 3) < 0.5
    head.fields.take_index = 0
    bpy.ops.fields.bake()
    assert shown(head, "mouthSmileLeft", 3) == pytest.approx(0.8, abs=1e-5)


def test_exported_with_the_take_and_imported_again(head, part, take, tmp_path):
    pose(head, 3, mouthSmileLeft=0.8)
    bpy.ops.fields.keep_correction()
    path = str(tmp_path / "take.npz")
    bpy.ops.fields.take_export(filepath=path)
    made = part("fields_blender.core.track").load(path)
    assert made.source["corrections"][0]["delta"].keys() == {"mouthSmileLeft"}
    bpy.ops.fields.take_import(filepath=path)
    again = head.fields.takes[1]
    assert len(again.corrections) == 1 and "corrections" not in part("operators.takes.takes").read(again).source
    bpy.ops.fields.bake()
    assert shown(head, "mouthSmileLeft", 3) == pytest.approx(0.8, abs=1e-5)
    bpy.ops.fields.import_performance(filepath=path, frame_start=100)
    assert round(head.fields.takes[2].corrections[0].time * RATE) == 103
    assert shown(head, "mouthSmileLeft", 103) == pytest.approx(0.8, abs=1e-4)


def test_without_codes_it_stays_here_and_says_so(head, part, performance):
    take = part("operators.takes.takes").add(head, performance(coded=False))
    bpy.ops.fields.bake()
    before = shown(head, "mouthSmileLeft", 60)
    pose(head, 36, mouthSmileLeft=0.8)
    bpy.ops.fields.keep_correction()
    assert take.corrections[0].reach == "HERE"
    assert shown(head, "mouthSmileLeft", 36) == pytest.approx(0.8, abs=1e-5)
    assert shown(head, "mouthSmileLeft", 60) == before


@pytest.mark.parametrize("fps", [25, 30, 60])
def test_exact_at_other_frame_rates(head, part, performance, fps):
    part("operators.takes.takes").add(head, performance(fps))
    bpy.ops.fields.bake()
    pose(head, 31, mouthSmileLeft=0.8)
    bpy.ops.fields.keep_correction(reach="HERE")
    assert shown(head, "mouthSmileLeft", 31) == pytest.approx(0.8, abs=1e-4)


def test_no_face_no_correction(head, part, performance):
    made = performance()
    groups = {name: values.copy() for name, values in made.groups.items()}
    for name, values in groups.items():
        values[20:30] = 0.0 if name == "confidence" else np.nan
    part("operators.takes.takes").add(head, replace(made, groups=groups))
    bpy.ops.fields.bake()
    pose(head, 25, mouthSmileLeft=0.8)
    assert "no face" in error_of(bpy.ops.fields.keep_correction)
    head.fields.shape.gaps = "HOLD"
    pose(head, 25, mouthSmileLeft=0.8)
    bpy.ops.fields.keep_correction()
    assert shown(head, "mouthSmileLeft", 25) == pytest.approx(0.8, abs=1e-5)


def test_what_was_baked_is_remembered_as_json(head, take):
    pose(head, 3, mouthSmileLeft=0.8)
    bpy.ops.fields.keep_correction()
    assert len(json.loads(head.fields.baked.partition("\n")[2])["corrections"]) == 1


# -- keys of one's own -------------------------------------------------------------------------------------------------


def key(head, frame, **values):
    pose(head, frame, **values)
    for name in values:
        head.data.shape_keys.key_blocks[name].keyframe_insert("value", frame=frame)


@pytest.fixture(params=["REDUCED", "EVERY"])
def keyed(head, take, request):
    head.fields.key_style = request.param
    bpy.ops.fields.bake()
    return take


def test_own_keys_become_corrections_here(head, keyed):
    before = {frame: shown(head, "browInnerUp", frame) for frame in range(COUNT)}
    key(head, 30, mouthSmileLeft=0.9, jawOpen=0.6)
    later = shown(head, "mouthSmileLeft", 54)
    assert bpy.ops.fields.bake() == {"FINISHED"}
    assert "kept as corrections of “shot”" in head.fields.report
    for made in keyed.corrections:
        assert (made.reach, made.from_keys, round(made.time * RATE)) == ("HERE", True, 30)
    assert {channel.name for made in keyed.corrections for channel in made.channels} == {"mouthSmileLeft", "jawOpen"}
    count = len(keyed.corrections)  # two where the jaw, which hardly moves, has few keys and so eases longer
    for _ in range(2):
        assert shown(head, "mouthSmileLeft", 30) == pytest.approx(0.9, abs=1e-4)
        assert shown(head, "jawOpen", 30) == pytest.approx(0.6, abs=1e-4)
        assert shown(head, "mouthSmileLeft", 54) == pytest.approx(later, abs=0.03)
        bpy.ops.fields.bake()
        assert len(keyed.corrections) == count and "corrections" not in head.fields.report
    for frame in (0, 12, 30, 60):
        assert shown(head, "browInnerUp", frame) == pytest.approx(before[frame], abs=1e-4)


def test_a_slider_keeps_own_keys_of_what_it_rewrites_and_leaves_all_others(head, keyed, part):
    key(head, 30, mouthSmileLeft=0.9, tongueOut=0.6, jawOpen=0.7)
    head.fields.emotion_intensity = 1.5  # smiles carry emotion, the tongue does not; lips and jaw are keyed together
    assert _corrected(keyed) == {"mouthSmileLeft", "jawOpen"}
    assert shown(head, "tongueOut", 30) == pytest.approx(0.6, abs=1e-5)
    assert shown(head, "jawOpen", 30) == pytest.approx(0.7, abs=1e-4)
    head.fields.emotion_intensity = 1.0
    assert shown(head, "mouthSmileLeft", 30) == pytest.approx(0.9, abs=1e-3)
    bpy.ops.fields.bake()
    assert shown(head, "tongueOut", 30) == pytest.approx(0.6, abs=1e-4)
    assert "tongueOut" in _corrected(keyed)


def test_moved_and_deleted_keys_are_seen_too(head, take):
    head.fields.key_style = "REDUCED"
    bpy.ops.fields.bake()
    curve = next(c for c in _curves(head) if "mouthSmileLeft" in c.data_path)
    row = next(i for i, p in enumerate(curve.keyframe_points) if 20 < p.co.x < 80)
    frame = round(curve.keyframe_points[row].co.x)
    curve.keyframe_points[row].co.y += 0.3
    curve.update()
    wanted = curve.evaluate(frame)
    bpy.ops.fields.bake()
    assert shown(head, "mouthSmileLeft", frame) == pytest.approx(wanted, abs=1e-4)
    curve = next(c for c in _curves(head) if "mouthFrownLeft" in c.data_path)
    point = next(p for p in curve.keyframe_points if 20 < p.co.x < 80)
    frame = round(point.co.x)
    curve.keyframe_points.remove(point)
    curve.update()
    changed = [f for f in range(20, 80) if abs(curve.evaluate(f) - shown(head, "mouthFrownLeft", f)) > 1]
    assert not changed
    bpy.ops.fields.bake()
    assert "mouthFrownLeft" in _corrected(take)


def _corrected(take):
    return {channel.name for made in take.corrections for channel in made.channels}


def _curves(head):
    from bl_ext.user_default.fields_facial_capture.operators.keys import fcurves

    return list(fcurves.channelbag(head.data.shape_keys).fcurves)


def test_discarded_when_asked(head, keyed):
    before = shown(head, "mouthSmileLeft", 30)
    key(head, 30, mouthSmileLeft=0.9)
    assert bpy.ops.fields.bake(own_keys="DISCARD") == {"FINISHED"}
    assert "keys you had set on 1 frames are overwritten" in head.fields.report
    assert not keyed.corrections and shown(head, "mouthSmileLeft", 30) == pytest.approx(before, abs=1e-5)


def test_own_keys_of_another_take_go_to_that_take(head, part, keyed, performance):
    key(head, 30, mouthSmileLeft=0.9)
    part("operators.takes.takes").add(head, performance(seed=5))
    bpy.ops.fields.bake()
    first, second = head.fields.takes
    assert len(first.corrections) == 1 and not second.corrections
    assert shown(head, "mouthSmileLeft", 30) < 0.5
    head.fields.take_index = 0
    bpy.ops.fields.bake()
    assert len(first.corrections) == 1 and not second.corrections
    assert shown(head, "mouthSmileLeft", 30) == pytest.approx(0.9, abs=1e-4)


def test_keys_that_a_bake_leaves_alone_stay_keys(head, keyed):
    key(head, 30, mouthSmileLeft=0.9)
    head.fields.key_range = "PREVIEW"
    scene = bpy.context.scene
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 50, 70
    bpy.ops.fields.bake()
    assert not keyed.corrections and shown(head, "mouthSmileLeft", 30) == pytest.approx(0.9, abs=1e-5)
    head.fields.key_range, head.fields.key_regions = "WHOLE", {"Jaw"}
    bpy.ops.fields.bake()
    assert not keyed.corrections and shown(head, "mouthSmileLeft", 30) == pytest.approx(0.9, abs=1e-5)


def test_own_keys_refine_a_correction_there_is(head, keyed):
    pose(head, 3, mouthSmileLeft=0.8)
    bpy.ops.fields.keep_correction()
    key(head, 3, mouthSmileLeft=0.6, browInnerUp=0.9)
    bpy.ops.fields.bake()
    assert sorted((made.reach, made.name) for made in keyed.corrections) == [
        ("ALIKE", "mouthSmileLeft"),
        ("HERE", "browInnerUp"),
    ]
    assert shown(head, "mouthSmileLeft", 3) == pytest.approx(0.6, abs=1e-4)
    assert shown(head, "mouthSmileLeft", 27) == pytest.approx(0.6, abs=0.1)


def test_a_new_action_of_the_artists_is_none_of_ours(head, keyed):
    head.data.shape_keys.animation_data.action = None
    bpy.ops.fields.bake()
    assert not keyed.corrections
    head.data.shape_keys.animation_data.action = bpy.data.actions.new("mine")
    key(head, 30, mouthSmileLeft=0.9)
    bpy.ops.fields.bake()
    assert not keyed.corrections


def test_a_kept_correction_that_was_keyed_is_not_found_again(head, keyed):
    key(head, 3, mouthSmileLeft=0.8)  # as auto keying does
    bpy.ops.fields.keep_correction()
    bpy.ops.fields.bake()
    assert [made.reach for made in keyed.corrections] == ["ALIKE"]
    assert shown(head, "mouthSmileLeft", 3) == pytest.approx(0.8, abs=1e-4)


def test_what_was_written_is_one_text_which_a_copy_does_not_share(scene, head, keyed):
    assert sum("fields_written" in text for text in bpy.data.texts if head.name in text.name) == 1
    copy = head.copy()
    copy.data = head.data.copy()
    scene.collection.objects.link(copy)
    scene.fields.head = copy
    bpy.ops.fields.bake()
    assert copy.fields.written != head.fields.written


# -- rigs --------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["REDUCED", "EVERY"])
def rigged(scene, part, performance, request):
    """The FIELDS head, whose jaw, eyes and head are bones, with a take on it."""
    bpy.ops.fields.add_head()
    head = scene.fields.head or bpy.context.view_layer.objects.active
    scene.fields.head = head
    chosen = part("operators.head.heads").chosen_head(bpy.context)
    chosen.fields.key_style, chosen.fields.jaw_on, chosen.fields.eyes_on = request.param, "BONE", "BONE"
    part("operators.takes.takes").add(chosen, performance())
    bpy.ops.fields.bake()
    return chosen


def bone_of(part, head, source):
    mapping = part("operators.head.mappings").of(head)
    found = part("operators.head.heads").find(head, mapping)
    name = next(bone.bone for bone in mapping.bones if bone.source == source)
    return found.armature.pose.bones[found.bones[name]]


@pytest.mark.parametrize("source", ["jaw", "head", "gaze.left"])
@pytest.mark.parametrize("way", ["posed", "keyed"])
def test_bones_are_corrected_too(scene, part, rigged, source, way):
    from mathutils import Quaternion

    bone = bone_of(part, rigged, source)
    property = "rotation_quaternion" if bone.rotation_mode == "QUATERNION" else "rotation_euler"

    def turned(frame):
        scene.frame_set(frame)
        value = getattr(bone, property)
        return value.copy() if property == "rotation_quaternion" else value.to_quaternion()

    before = {frame: turned(frame) for frame in (3, 20, 60)}
    extra = Quaternion((1, 0, 0), 0.15)
    scene.frame_set(3)
    wanted = turned(3) @ extra
    if property == "rotation_quaternion":
        bone.rotation_quaternion = wanted
    else:
        bone.rotation_euler = wanted.to_euler(bone.rotation_mode)
    if way == "keyed":
        bone.keyframe_insert(property, frame=3)
    else:
        assert bpy.ops.fields.keep_correction(reach="HERE") == {"FINISHED"}
    for _ in range(2):
        bpy.ops.fields.bake()
        assert turned(3).rotation_difference(wanted).angle < 2e-3
        assert turned(60).rotation_difference(before[60]).angle < 6e-3
    take = rigged.fields.takes[0]
    wrong = {"jaw": "jawOpen", "head": "head", "gaze.left": "eyeLook"}[source]
    assert all(name.startswith(("jaw", wrong)) for name in _corrected(take)), _corrected(take)


def test_shape_keys_beside_bones(scene, part, rigged):
    found = part("operators.head.heads").find(rigged, part("operators.head.mappings").of(rigged))
    mesh = found.meshes[0]
    scene.frame_set(40)
    mesh.data.shape_keys.key_blocks["mouthPucker"].value = 0.7
    assert bpy.ops.fields.keep_correction() == {"FINISHED"}
    assert _corrected(rigged.fields.takes[0]) == {"mouthPucker"}
    bpy.ops.fields.bake()
    scene.frame_set(40)
    assert mesh.data.shape_keys.key_blocks["mouthPucker"].value == pytest.approx(0.7, abs=1e-4)


# -- suggestions, markers, actors --------------------------------------------------------------------------------------


def test_suggested_frames_teach_and_are_not_suggested_again(scene, head, take):
    frames = []
    for _ in range(2):
        assert bpy.ops.fields.suggest_frame() == {"FINISHED"}
        frames.append(scene.frame_current)
    first, second = ((frame % RATE) // (RATE // 2) for frame in frames)
    assert first != second  # there are two faces
    pose(head, frames[0], mouthSmileLeft=0.8)
    bpy.ops.fields.keep_correction()
    scene.frame_set(0)
    bpy.ops.fields.suggest_frame()
    assert (scene.frame_current % RATE) // (RATE // 2) == second
    pose(head, scene.frame_current, mouthSmileLeft=0.1)
    bpy.ops.fields.keep_correction()
    assert bpy.ops.fields.suggest_frame() == {"CANCELLED"}


def test_nothing_to_suggest_without_codes(head, part, performance):
    part("operators.takes.takes").add(head, performance(coded=False))
    assert "how the face looks" in error_of(bpy.ops.fields.suggest_frame)


def test_corrected_frames_are_markers_and_the_artists_own_stay(scene, head, take):
    mine = scene.timeline_markers.new("cut", frame=7)
    pose(head, 3, mouthSmileLeft=0.8)
    bpy.ops.fields.keep_correction()
    pose(head, 50, browInnerUp=0.8)
    bpy.ops.fields.keep_correction()

    def shown_there():
        return sorted((marker.frame, marker.name) for marker in scene.timeline_markers)

    assert shown_there() == [(3, "◆ mouthSmileLeft"), (7, "cut"), (50, "◆ browInnerUp")]
    take.corrections[0].mute = True
    assert shown_there()[0] == (3, "◇ mouthSmileLeft")
    scene.fields.show_corrections = False
    assert shown_there() == [(7, "cut")]
    scene.fields.show_corrections = True
    take.correction_index = 0
    bpy.ops.fields.correction_delete()
    assert shown_there() == [(7, "cut"), (50, "◆ browInnerUp")]
    assert mine.name == "cut"


@pytest.fixture
def actor(scene, part):
    made = part("fields_blender.capture.actor").Actor("Ada", np.ones(8, np.float32), 3, "")
    return part("operators.takes.actor_list").add(scene, made, "a photo")


def test_other_takes_of_the_actor_learn_too(scene, head, part, take, performance, actor, tmp_path):
    pose(head, 3, mouthSmileLeft=0.8)
    bpy.ops.fields.keep_correction()
    pose(head, 30, tongueOut=0.8)
    bpy.ops.fields.keep_correction(reach="HERE")
    assert bpy.ops.fields.teach_actor() == {"FINISHED"}
    assert take.actor == "Ada"
    bpy.ops.fields.bake()
    assert shown(head, "mouthSmileLeft", 3) == pytest.approx(0.8, abs=1e-5)  # its own is not counted twice
    made = performance()
    later = part("operators.takes.takes").add(head, replace(made, time=made.time + 10.0, source={"name": "second"}))
    bpy.ops.fields.bake()
    plain = shown(head, "mouthSmileLeft", 243)
    assert plain < 0.5
    later.actor = "Ada"
    assert shown(head, "mouthSmileLeft", 243) == pytest.approx(0.8, abs=0.06)
    assert shown(head, "tongueOut", 270) < 0.5
    later.actor_strength = 0.5
    assert shown(head, "mouthSmileLeft", 243) == pytest.approx((0.8 + plain) / 2, abs=0.04)
    later.actor_strength = 0.0
    assert shown(head, "mouthSmileLeft", 243) == pytest.approx(plain, abs=1e-6)
    later.actor_strength = 1.0
    bpy.context.scene.fields.actors["Ada"].name = "Grace"
    assert later.actor == "Grace" and shown(head, "mouthSmileLeft", 243) == pytest.approx(0.8, abs=0.06)
    pose(head, 243, mouthSmileLeft=0.3)
    bpy.ops.fields.keep_correction()
    assert shown(head, "mouthSmileLeft", 243) == pytest.approx(0.3, abs=1e-4)
    path = tmp_path / "ada.npz"
    bpy.ops.fields.actor_export(filepath=str(path))
    again = part("fields_blender.capture.actor").load(path)
    assert len(again.corrections) == 1 and "mouthSmileLeft" in again.corrections[0]["delta"]


def test_teaching_again_replaces_and_without_an_actor_it_says_so(scene, head, part, take, actor):
    pose(head, 3, mouthSmileLeft=0.8)
    bpy.ops.fields.keep_correction()
    scene.fields.actor = ""
    assert "no actor" in error_of(bpy.ops.fields.teach_actor)
    scene.fields.actor = "Ada"
    for _ in range(2):
        bpy.ops.fields.teach_actor()
    assert len(part("operators.takes.actor_list").read(actor).corrections) == 1
    take.encoder = "another"
    assert "different versions" in error_of(bpy.ops.fields.teach_actor)
