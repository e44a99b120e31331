"""Heads of every convention, by their names alone (tests/data/rig_names.json)."""

import json
import struct
from pathlib import Path

import pytest

from fields_blender.core.names import ARKIT
from fields_blender.rig import formula, match
from fields_blender.rig.mapping import Channel, Mapping, channel
from fields_blender.rig.match_result import DOUBTFUL, STILL
from fields_blender.rig.rig_index import EXACT, Rig
from fields_blender.rig.rig_names import mirrored_name, plain, words
from tools import shared_data

RIGS = json.loads((Path(__file__).parent / "data" / "rig_names.json").read_text(encoding="utf-8"))
FOLDER = Path(__file__).parents[1] / "models" / "mappings"
PRESETS = match.presets(FOLDER)
VROID = shared_data.find("data", "rigs", "vroid_arkit_visemes.glb")
LOOKS = [name for name in ARKIT if name.startswith("eyeLook")]
JAW = ["jawLeft", "jawRight", "jawOpen"]


def matched(keys, **more):
    return match.match(Rig(tuple(keys), **more), PRESETS)


def follows(found):
    """Target -> what it follows, of all rows that were found."""
    return {
        row.channel.target: formula.show(row.channel.source) for row in found.found if isinstance(row.channel, Channel)
    }


@pytest.mark.parametrize(
    "rig, profile, missing",
    [
        ("arkit_L", "ARKit 52", []),
        ("llf", "Live Link Face", []),
        ("mediapipe", "ARKit 52", ["tongueOut"]),
        ("ict", "ICT-FaceKit", ["tongueOut"]),
        ("mpfb", "MPFB 2", []),
        ("cc std", "Character Creator Standard", [*LOOKS, *JAW]),
        ("cc ext", "Character Creator 4 Extended", [*LOOKS, *JAW]),
        ("cc tra", "Character Creator 3 Traditional", [*LOOKS, *JAW]),
        ("cc mh", "Character Creator 5", [*LOOKS, *JAW, "mouthLeft", "mouthRight"]),
        ("metahuman", "MetaHuman", []),
        ("g81", "Daz Genesis 8.1", []),
        ("g9", "Daz Genesis 9", ["eyeWideLeft", "eyeWideRight", "tongueOut"]),
        ("unified", "Unified Expressions", []),
    ],
)
def test_full_sets_are_matched_whole_and_without_doubt(rig, profile, missing):
    found = matched(RIGS[rig])
    assert found.profile == profile
    assert sorted(found.missing) == sorted(missing)
    rows = [row for row in found.found if row.confidence != match.STANDS_IN]
    assert all(row.confidence >= DOUBTFUL and row.why for row in rows)


@pytest.mark.parametrize(
    "rig, profile, some",
    [
        ("vrm1", "VRM 1.0", {"blinkLeft": "eyeBlinkLeft", "lookUp": "0.5 eyeLookUpLeft + 0.5 eyeLookUpRight"}),
        ("vrm0", "VRM 0.x", {"Blink_R": "eyeBlinkRight", "U": "mouthPucker"}),
        ("mmd", "MikuMikuDance", {"ウィンク２右": "eyeBlinkRight", "う": "mouthPucker"}),
        ("vroid", "VRoid", {"Fcl_EYE_Close_L": "eyeBlinkLeft", "Fcl_MTH_O": "1.2 mouthFunnel"}),
        ("oculus", "Oculus and VRChat Visemes", {"viseme_U": "mouthPucker"}),
        (
            "vrc",
            "Oculus and VRChat Visemes",
            {"vrc.v_ou": "mouthPucker", "blink": "0.5 eyeBlinkLeft + 0.5 eyeBlinkRight"},
        ),
        ("ms", "Microsoft Visemes", {"w_uw_07": "mouthPucker"}),
        ("sranipal", "SRanipal", {"MouthPout": "mouthPucker", "CheekPuffLeft": "cheekPuff"}),
        ("unified simplified", "Unified Expressions", {"MouthSadLeft": "max(mouthFrownLeft, mouthStretchLeft)"}),
    ],
)
def test_small_sets_take_what_fits_them(rig, profile, some):
    found = matched(RIGS[rig])
    assert found.profile == profile
    assert follows(found).items() >= some.items()


@pytest.mark.parametrize(
    "prefix", ["blendShape1.", "head_lod0_mesh__", "ARKit_", "Wolf3D_Head.", "!ex-", "MyHero:face_"]
)
def test_prefixes_do_not_matter(prefix):
    found = matched([prefix + name for name in ARKIT])
    assert follows(found) == {prefix + name: name for name in ARKIT}
    assert not found.missing


@pytest.mark.parametrize("rig", ["cc std", "metahuman", "g9", "vroid"])
def test_a_figures_name_before_the_names_of_a_convention_does_not_matter(rig):
    bare, named = matched(RIGS[rig]), matched([f"Face.M_F00_000_00_{name}" for name in RIGS[rig]])
    assert named.profile == bare.profile
    assert {f"Face.M_F00_000_00_{name}": source for name, source in follows(bare).items()} == follows(named)


def test_nothing_moves_twice_where_a_head_has_the_whole_and_its_parts():
    head = matched([*ARKIT, "mouthOpen", "mouthSmile", "eyesClosed", *RIGS["oculus"]])
    assert set(follows(head)) == set(ARKIT)
    assert head.spare["eyesClosed"].startswith("not needed")
    assert "Blink" not in follows(matched(RIGS["vrm0"]))
    assert "Blink" in follows(matched([name for name in RIGS["vrm0"] if name != "Blink_L"])), "one eye alone would wink"


def test_an_anime_head_with_12_shapes_gets_the_best_of_them():
    head = matched(RIGS["vrm0"])
    assert len(RIGS["vrm0"]) == 12
    assert set(head.spare) == {"Blink", "Fun"} and all(head.spare.values())
    assert {"A", "I", "U", "E", "O", "Blink_L", "Blink_R", "Joy", "Angry", "Sorrow"} == set(follows(head))


def test_lips_that_close_close_the_vowels_too():
    import numpy as np

    for rig in ("vrm0", "oculus"):
        for row in matched(RIGS[rig]).found:
            if isinstance(row.channel, Channel) and row.channel.target in (
                "A",
                "I",
                "E",
                "viseme_aa",
                "viseme_I",
                "viseme_E",
            ):
                # Spread lips, half open but shut by mouthClose.
                shown = {"jawOpen": 0.4, "mouthClose": 0.4, "mouthStretchLeft": 0.5, "mouthStretchRight": 0.5,
                         "mouthLowerDownLeft": 0.3}  # fmt: skip
                value = formula.evaluate(row.channel.source, lambda name: np.array([shown.get(name, 0.0)]))  # noqa: B023
                assert value <= 0.0


def test_a_studios_own_words_are_understood_and_marked_doubtful():
    keys = ["L_browRaise", "R_browRaise", "L_smile", "R_smile", "mouthOpen_head", "pucker_head", "L_blink", "R_blink"]
    found = matched(keys)
    assert found.profile == PRESETS["any"].name
    assert follows(found).items() >= {
        "L_browRaise": "browOuterUpLeft", "R_smile": "mouthSmileRight", "L_blink": "eyeBlinkLeft"}.items()  # fmt: skip
    assert set(follows(found)) == set(keys)
    assert any(row.confidence < DOUBTFUL for row in found.found)
    assert "to look at" in found.sentence()


def test_a_cartoons_nine_mouths():
    found = matched(["AI", "E", "O", "U", "MBP", "FV", "L", "WQ", "etc"])
    assert {"AI", "E", "O", "U", "MBP", "FV"} <= set(follows(found))
    assert set(found.spare) >= {"L", "etc"}


def test_the_other_side_is_found_by_its_mirrored_name():
    # "smile left" is understood, "r_smile3" is not, but it is how this rig spells the other side of "l_smile3".
    found = matched(["l_smile", "r_smile", "l_blink", "r_blink", "l_frown", "r_frown"])
    assert follows(found)["r_smile"] == "mouthSmileRight"
    found = matched(
        [
            *[name for name in RIGS["cc std"] if name not in ("Cheek_Raise_L", "Cheek_Raise_R")],
            "Cheek_Raise_L",
            "Cheek_Raise_R_",
        ]
    )
    assert follows(found)["Cheek_Raise_R_"] == "cheekSquintRight"


def test_shapes_that_move_nothing_are_marked_and_replaced_where_another_shows_the_same():
    keys = [*ARKIT, *RIGS["vroid"], *RIGS["oculus"]]
    found = matched(keys, still=frozenset({"jawOpen", "cheekPuff"}))
    rows = {row.channel.target: row for row in found.found}
    assert found.profile == "ARKit 52"
    assert rows["jawOpen"].confidence == STILL and "moves nothing" in rows["jawOpen"].why
    stand_ins = [row for row in found.found if row.confidence == match.STANDS_IN]
    assert [row.channel.main for row in stand_ins] == ["jawOpen"]
    assert found.missing == ("cheekPuff",)


@pytest.mark.skipif(not VROID.exists(), reason="the VRoid head is not in the shared data")
def test_a_real_vroid_head_opens_its_mouth_though_its_jaw_open_is_empty():
    names, still = vroid()
    assert {"jawOpen", "cheekPuff", "tongueOut", "jawLeft"} <= still and "mouthFunnel" not in still
    found = matched(names, still=still)
    assert found.profile == "ARKit 52"
    shown = {row.channel.target for row in found.found if row.confidence > STILL}
    assert {"eyeBlinkLeft", "mouthSmileLeft", "mouthFunnel"} <= shown
    opens = [row for row in found.found if isinstance(row.channel, Channel) and row.channel.main == "jawOpen"]
    assert [row.confidence for row in opens] == [STILL, match.STANDS_IN]
    assert opens[1].channel.key in ("Fcl_MTH_A", "viseme_aa")


def vroid():
    """The names of the head's morphs, and those that move nothing by the bounds in the file."""
    data = VROID.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    gltf = json.loads(data[20 : 20 + length])
    mesh = next(mesh for mesh in gltf["meshes"] if mesh.get("extras", {}).get("targetNames"))
    moved = set()
    for part in mesh["primitives"]:
        for name, target in zip(mesh["extras"]["targetNames"], part["targets"], strict=True):
            bounds = gltf["accessors"][target["POSITION"]]
            moved |= {name} if any(bounds["min"] + bounds["max"]) else set()
    return mesh["extras"]["targetNames"], frozenset(mesh["extras"]["targetNames"]) - moved


def test_what_nobody_knows_is_left_alone_and_said():
    found = matched([f"Key {i}" for i in range(9)])
    assert not follows(found) and len(found.spare) == 9 and set(found.missing) == set(ARKIT)


def test_properties_that_drive_shape_keys_are_keyed_instead_of_them():
    names = tuple(RIGS["g81"])
    found = matched(names, properties=names, driven=frozenset(names))
    assert all(row.channel.prop and not row.channel.key for row in found.found if isinstance(row.channel, Channel))
    assert len(follows(found)) == len(names)


def test_doubtful_is_what_the_documentation_says():
    """Other words in another order are marked, the same words and mirrored names are not."""
    rows = channel("mouthSmileLeft", "smile left"), channel("jawOpen", "a", names=("open jaw",))
    found = match.use(Rig(("Left_Smile", "jaw open 1")), Mapping("test", rows))
    assert [round(row.confidence, 3) for row in found.rows] == [0.75, 0.675]
    assert [row.confidence < DOUBTFUL for row in found.rows] == [False, True]
    assert "2 rows matched, 1 to look at" in found.sentence()


def test_a_convention_that_shows_next_to_nothing_is_not_the_heads():
    small = Mapping("small", (channel("jawOpen", "Open"), channel("cheekPuff", "Puff")), probe=("Open",))
    large = Mapping("large", tuple(channel(name, name) for name in ARKIT[:9]))
    found = match.match(Rig(("Open", "Puff", *ARKIT[:9])), {"small": small, "large": large})
    assert found.profile == "large"
    small = Mapping("small", (*small.channels, channel("mouthPucker", "Pout")), probe=("Open",))
    found = match.match(Rig(("Open", "Puff", "Pout", *ARKIT[:9])), {"small": small, "large": large})
    assert found.profile == "small", "what only it has says more than what many have"


def test_gaps_are_filled_from_conventions_before_plain_words():
    base = Mapping("base", tuple(channel(name, name) for name in ARKIT[:9]))
    other = Mapping("other", (channel("jawOpen", "OpenA"),))
    plain_words = Mapping("words", (channel("jawOpen", "OpenB"), channel("cheekPuff", "OpenB")))
    profiles = {"any": plain_words, "base": base, "other": other}
    found = match.match(Rig((*ARKIT[:9], "OpenA", "OpenB")), profiles)
    assert found.profile == "base"
    assert follows(found)["OpenA"] == "jawOpen" and follows(found)["OpenB"] == "cheekPuff"


def test_of_two_rows_that_want_one_target_the_surer_has_it():
    rows = channel("jawOpen", "Open", names=("Mouth",)), channel("mouthFunnel", "Mouth")
    found = match.use(Rig(("Mouth",)), Mapping("test", rows))
    assert [row.confidence for row in found.rows] == [0.0, EXACT]
    assert found.rows[0].channel.key == "Open" and "fits “Mouth” better" in found.rows[0].why


def test_bones_of_the_mechanism_are_no_targets():
    rows = [channel("cheekPuff", bone=name, does="move", axis="out") for name in ("MCH-cheek", "cheek")]
    found = match.use(Rig(bones=("MCH-cheek", "cheek")), Mapping("test", tuple(rows)))
    assert [row.confidence for row in found.rows] == [0.0, EXACT]


def test_two_spellings_of_one_name_are_not_guessed_between():
    found = matched([*[name for name in ARKIT if name != "browInnerUp"], "brow_Inner_Up", "BROW-inner-up"])
    assert "browInnerUp" in found.missing and {"brow_Inner_Up", "BROW-inner-up"} == set(found.spare)


def test_bones_share_the_turn_of_the_head():
    turns = {}
    for bones in (("neck", "head"), ("head",), ("neck",)):
        found = match.use(Rig(bones=bones), PRESETS["smplx"])
        turns[bones] = {row.channel.bone: row.channel.gain for row in found.found}
    assert turns == {("neck", "head"): {"head": 0.6, "neck": 0.4}, ("head",): {"head": 1.0}, ("neck",): {"neck": 1.0}}


def test_an_arkit_heads_mapping_is_the_preset_itself():
    """So what is keyed today is keyed tomorrow, bit for bit."""
    found, preset = matched(ARKIT), PRESETS["arkit"]
    assert [(c.source, c.key, c.gain, c.minimum, c.maximum, c.region) for c in found.mapping.channels] == [
        (c.source, c.key, c.gain, c.minimum, c.maximum, c.region) for c in preset.channels
    ]
    assert [(b.source, b.gain, b.replaces) for b in found.mapping.bones] == [
        (b.source, b.gain, b.replaces) for b in preset.bones
    ]


@pytest.mark.parametrize("name", [name for rig in RIGS.values() for name in rig][::7])
def test_mirroring_a_name_twice_is_the_name(name):
    assert mirrored_name(mirrored_name(name)) == name


def test_mirrored_names():
    pairs = {"Brow_L": "Brow_R", "left_eye": "right_eye", "lid.T.L.002": "lid.T.R.002", "Eye_L_Look_R": "Eye_R_Look_L",
             "CTRL_expressions_eyeLookLeftR": "CTRL_expressions_eyeLookRightL", "Mouth_Funnel_UL": "Mouth_Funnel_UR",
             "lBrow": "rBrow", "LeftEye": "RightEye", "brow_lf": "brow_rt", "brow_rt": "brow_lf", "左目": "右目",
             "CC_Base_L_Eye": "CC_Base_R_Eye"}  # fmt: skip
    assert {name: mirrored_name(name) for name in pairs} == pairs
    assert {
        name for name in ("jawOpen", "browInnerUp", "CheekRaiser", "lips", "Roll") if mirrored_name(name) != name
    } == set()


def test_names_are_compared_without_case_separators_and_spelling_of_the_side():
    assert {plain(name) for name in ("eyeBlinkLeft", "EyeBlinkLeft", "eyeBlink_L", "eye_blink.left")} == {
        "eyeblinkleft"
    }
    assert plain("jawOpen") != plain("jawOpenLeft")
    assert plain("browInnerUp_R") == "browinnerupright"
    assert plain("mouthCurl") == "mouthcurl"
    assert plain("まばたき") == "まばたき"
    assert words("L_mouthSmile") == words("Mouth Smile Left") == words("mouth-smiles.l") == {"mouth", "smile", "left"}


FACESHIFT = (
    "EyeBlink_L EyeBlink_R EyeSquint_L EyeSquint_R EyeDown_L EyeDown_R EyeIn_L EyeIn_R EyeOpen_L EyeOpen_R EyeOut_L "
    "EyeOut_R EyeUp_L EyeUp_R BrowsD_L BrowsD_R BrowsU_C BrowsU_L BrowsU_R JawFwd JawLeft JawOpen JawChew JawRight "
    "MouthLeft MouthRight MouthFrown_L MouthFrown_R MouthSmile_L MouthSmile_R MouthDimple_L MouthDimple_R "
    "LipsStretch_L LipsStretch_R "
    "LipsUpperClose LipsLowerClose LipsUpperUp LipsLowerDown LipsUpperOpen LipsLowerOpen LipsFunnel LipsPucker "
    "ChinLowerRaise ChinUpperRaise Sneer Puff CheekSquint_L CheekSquint_R"
).split()


def test_faceshift():
    found = matched(FACESHIFT)
    assert found.profile == "faceshift"
    assert sorted(found.missing) == ["mouthClose", "mouthPressLeft", "mouthPressRight", "tongueOut"]
    shown = follows(found)
    assert shown["EyeOpen_L"] == "eyeWideLeft" and shown["BrowsU_C"] == "browInnerUp" and shown["Puff"] == "cheekPuff"
    assert shown["EyeIn_R"] == "eyeLookInRight" and shown["LipsUpperClose"] == "mouthRollUpper"
    assert set(FACESHIFT) - set(shown) == {"JawChew", "LipsUpperOpen", "LipsLowerOpen"}


def test_facescape():
    """ARKit's words, but for the lids."""
    spaced = ["".join(f" {c}" if c.isupper() else c for c in name).strip().title() for name in ARKIT]
    names = [name.replace("Blink", "Close") for name in spaced]
    found = matched(names)
    assert not found.missing and follows(found)["Eye Close Left"] == "eyeBlinkLeft"
