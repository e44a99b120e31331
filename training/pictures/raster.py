# ruff: noqa: RUF046, UP018 - in Warp float(0.0) declares a variable that changes, and there is no `in`
"""A deferred rasteriser for training pictures, in NVIDIA Warp: one source, compiled for the CPU and for CUDA.

It turns a batch of scenes into linear RGB. Steps: vertex normals; a visibility buffer with 2 x 2 samples per pixel
(inverse depth and triangle number packed, kept by an atomic maximum, so the order of triangles never matters); a shadow
map of the key light; ambient occlusion from the blurred depth; shading, once per pixel, or once per sample where the
pixel lies on an edge; transparent triangles on top.

Camera axes: origin at the head's, x to the picture's right, y up, z towards the camera.
"""

import numpy as np
import warp as wp

from ..people.mesh_parts import LASH
from .scene import AT_CAMERA, AT_LAMP, AT_SCALE, Arrays, Scene, table
from .shading import SHADOW, SHADOW_REACH, Buffers, mix, near_of, number_of, shade

SAMPLES = 2  # along each side of a pixel
RUN = 8  # pixels shaded by one thread
_FAR = -2.0  # z (IOU) that ambient occlusion assumes where nothing is drawn

wp.config.quiet = True
wp.set_module_options({"enable_backward": False, "fast_math": True})

_LASH, _SAMPLES, _RUN, _SHADOW = (wp.constant(k) for k in (LASH, SAMPLES, RUN, SHADOW))
_REACH, _EMPTY = wp.constant(SHADOW_REACH), wp.constant(_FAR)
# Brighter samples are clamped to this, as in a saturated sensor, so that edges stay smooth.
_WHITE = wp.constant(wp.vec3(1.5, 1.5, 1.5))
_SAME_SURFACE = wp.constant(0.06)  # IOU of depth between samples that are shaded together


@wp.kernel
def _add_normals(s: Arrays, normals: wp.array2d(dtype=wp.vec3)):
    i, t = wp.tid()
    v = s.triangles[i, t]
    a = s.place[i, v[0]]
    n = wp.cross(s.place[i, v[1]] - a, s.place[i, v[2]] - a)
    wp.atomic_add(normals, i, v[0], n)
    wp.atomic_add(normals, i, v[1], n)
    wp.atomic_add(normals, i, v[2], n)


@wp.kernel
def _cover(
    points: wp.array2d(dtype=wp.vec3),
    triangles: wp.array2d(dtype=wp.vec3i),
    kind: wp.array2d(dtype=wp.int32),
    alpha: wp.array2d(dtype=wp.float32),
    factor: float,
    transparent: bool,
    out: wp.array3d(dtype=wp.uint64),
):
    """Keep the nearest triangle at each sample. points: x, y in pixels, and a nearness > 0, linear in the picture."""
    i, t = wp.tid()
    thin = alpha[i, t]
    if kind[i, t] == _LASH:
        if transparent:
            return
    elif (thin < 1.0) != transparent:
        return
    else:
        thin = 1.0
    v = triangles[i, t]
    a = points[i, v[0]]
    b = points[i, v[1]]
    c = points[i, v[2]]
    ax = a[0] * factor
    ay = a[1] * factor
    bx = b[0] * factor
    by = b[1] * factor
    cx = c[0] * factor
    cy = c[1] * factor
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    if area >= -1.0e-6 and not transparent:  # faces away: y points down in the picture
        return
    if wp.abs(area) < 1.0e-6:
        return
    x0 = wp.max(int(wp.ceil(wp.min(ax, wp.min(bx, cx)) - 0.5)), 0)
    x1 = wp.min(int(wp.floor(wp.max(ax, wp.max(bx, cx)) - 0.5)), out.shape[2] - 1)
    y0 = wp.max(int(wp.ceil(wp.min(ay, wp.min(by, cy)) - 0.5)), 0)
    y1 = wp.min(int(wp.floor(wp.max(ay, wp.max(by, cy)) - 0.5)), out.shape[1] - 1)
    if x1 < x0 or y1 < y0:
        return
    inverse = 1.0 / area
    # Barycentric weights, linear in the picture: w = start + x * right + y * down, negative outside.
    a_right = (by - cy) * inverse
    b_right = (cy - ay) * inverse
    a_down = (cx - bx) * inverse
    b_down = (ax - cx) * inverse
    px = float(x0) + 0.5 - cx
    py = float(y0) + 0.5 - cy
    a_row = a_right * px + a_down * py
    b_row = b_right * px + b_down * py
    near_right = a_right * (a[2] - c[2]) + b_right * (b[2] - c[2])
    near_down = a_down * (a[2] - c[2]) + b_down * (b[2] - c[2])
    near_row = c[2] + a_row * (a[2] - c[2]) + b_row * (b[2] - c[2])
    low = wp.uint64(t + 1)
    for y in range(y0, y1 + 1):
        wa = a_row
        wb = b_row
        near = near_row
        for x in range(x0, x1 + 1):
            if wp.min(wa, wp.min(wb, 1.0 - wa - wb)) >= -1.0e-6:
                seen = True
                if thin < 1.0:  # lashes: some of a pixel's samples pass between the hairs
                    seen = 0.25 * float((3 * x + 2 * y) % 4) + 0.125 < thin
                if seen:
                    key = (wp.uint64(wp.cast(near, wp.uint32)) << wp.uint64(32)) | low
                    wp.atomic_max(out, i, y, x, key)
            wa += a_right
            wb += b_right
            near += near_right
        a_row += a_down
        b_row += b_down
        near_row += near_down


@wp.kernel
def _to_lamp(s: Arrays, out: wp.array2d(dtype=wp.vec3)):
    """Vertices in the shadow map of lamp 0: pixels, and a positive nearness to the lamp."""
    i, k = wp.tid()
    d = s.table[i, AT_LAMP]
    side = wp.normalize(wp.cross(wp.vec3(0.1, 1.0, 0.05), d))
    up = wp.cross(d, side)
    p = s.place[i, k]
    half = 0.5 * float(_SHADOW) / _REACH
    out[i, k] = wp.vec3(
        (wp.dot(p, side) + _REACH) * half, (_REACH - wp.dot(p, up)) * half, wp.max(wp.dot(p, d) + 8.0, 0.01)
    )


@wp.kernel
def _fine_depth(s: Arrays, visible: wp.array3d(dtype=wp.uint64), out: wp.array3d(dtype=wp.float32)):
    """z of the first sample of each 2 x 2 pixels."""
    i, y, x = wp.tid()
    key = visible[i, 2 * _SAMPLES * y + 1, 2 * _SAMPLES * x + 1]
    if key == wp.uint64(0):
        out[i, y, x] = _EMPTY
    else:
        out[i, y, x] = wp.max(s.table[i, AT_CAMERA][2] - 1.0 / near_of(key), _EMPTY)


@wp.kernel
def _quarter(fine: wp.array3d(dtype=wp.float32), out: wp.array3d(dtype=wp.float32)):
    i, y, x = wp.tid()
    total = float(0.0)
    for v in range(2):
        for u in range(2):
            total += fine[i, 4 * y + 1 + v, 4 * x + 1 + u]
    out[i, y, x] = 0.25 * total


@wp.kernel
def _blur(s: Arrays, source: wp.array3d(dtype=wp.float32), reach: float, out: wp.array3d(dtype=wp.float32)):
    """Box blur along each row, the result transposed: applied twice, it blurs both ways.

    reach: IOU times the source's pixels per picture pixel.
    """
    i, y = wp.tid()
    last = source.shape[2] - 1
    r = wp.clamp(int(reach * s.table[i, AT_SCALE][0] + 0.5), 1, last / 2)
    total = float(r + 2) * source[i, y, 0]  # the window about the place before the first
    for x in range(1, r):
        total += source[i, y, x]
    part = 1.0 / float(2 * r + 1)
    for x in range(last + 1):
        total += source[i, y, wp.min(x + r, last)] - source[i, y, wp.max(x - r - 1, 0)]
        out[i, x, y] = total * part


@wp.kernel
def _shade_pixels(s: Arrays, b: Buffers, image: wp.array3d(dtype=wp.vec3)):
    """Draw over the background in `image`."""
    i, y, run = wp.tid()
    for x in range(run * _RUN, run * _RUN + _RUN):
        count = _SAMPLES * _SAMPLES
        first = b.visible[i, _SAMPLES * y, _SAMPLES * x]
        glass = b.glass[i, y, x]
        some = glass != wp.uint64(0)
        same = int(1)
        kind = int(-1)
        depth = float(0.0)
        if first != wp.uint64(0):
            kind = s.kind[i, number_of(first)]
            depth = 1.0 / near_of(first)
            some = True
        for k in range(1, count):
            other = b.visible[i, _SAMPLES * y + k / _SAMPLES, _SAMPLES * x + k % _SAMPLES]
            if other == wp.uint64(0):
                if kind >= 0:
                    same = 0
            else:
                some = True
                if s.kind[i, number_of(other)] != kind or wp.abs(1.0 / near_of(other) - depth) > _SAME_SURFACE:
                    same = 0
        if not some:
            continue
        behind = image[i, y, x]
        colour = behind
        total = wp.vec3(0.0, 0.0, 0.0)
        last = int(-1)
        # One call of `shade` for all cases: Warp copies structures at a call unless it can inline the code.
        for k in range(count + 1):
            key = glass
            px = float(x) + 0.5
            py = float(y) + 0.5
            if k < count:
                v = k / _SAMPLES
                u = k % _SAMPLES
                key = b.visible[i, _SAMPLES * y + v, _SAMPLES * x + u]
                if same == 0:
                    px = float(x) + (float(u) + 0.5) / float(_SAMPLES)
                    py = float(y) + (float(v) + 0.5) / float(_SAMPLES)
            fresh = k == 0 or k == count
            if key != wp.uint64(0):
                t = number_of(key)
                here = 1.0 / near_of(key)
                if k < count:
                    if same == 0 and (s.kind[i, t] != last or wp.abs(here - depth) > _SAME_SURFACE):
                        fresh = True
                    depth = here
                    last = s.kind[i, t]
                elif near_of(first) > near_of(key):
                    fresh = False  # glass behind the face
                if fresh:
                    colour = wp.min(shade(s, b, i, t, px, py), _WHITE)
            if k < count:
                if key == wp.uint64(0):
                    total += behind
                    last = -1
                else:
                    total += colour
            elif fresh and key != wp.uint64(0):
                total = mix(total, colour * float(count), s.alpha[i, number_of(key)])
        image[i, y, x] = total / float(count)


def draw(scene: Scene, background: np.ndarray, device: str = "cpu") -> np.ndarray:
    """The scenes rendered over background (b, h, h, 3) float32 linear RGB, h a multiple of 8; same shape.

    device: "cpu" or "cuda". The two differ by rounding only.
    """
    count, size = background.shape[:2]
    vertices, triangles = scene.points.shape[1], scene.triangles.shape[1]
    s = Arrays()
    for name, member in Arrays.vars.items():
        values = table(scene) if name == "table" else getattr(scene, name)
        setattr(s, name, _on(values, member.type.dtype, device))
    b = Buffers()
    b.normals = wp.zeros((count, vertices), wp.vec3, device=device)
    b.visible = wp.zeros((count, SAMPLES * size, SAMPLES * size), wp.uint64, device=device)
    b.glass = wp.zeros((count, size, size), wp.uint64, device=device)
    b.lamp_points = wp.empty((count, vertices), wp.vec3, device=device)
    b.lamp_depth = wp.zeros((count, SHADOW, SHADOW), wp.uint64, device=device)
    b.fine, b.fine_blurred = (wp.empty((count, size // 2, size // 2), wp.float32, device=device) for _ in range(2))
    b.coarse, b.coarse_blurred = (wp.empty((count, size // 8, size // 8), wp.float32, device=device) for _ in range(2))
    image = wp.array(background, dtype=wp.vec3, device=device, copy=True)

    def launch(kernel, dim, *inputs):
        wp.launch(kernel, dim=dim, inputs=list(inputs), device=device)

    launch(_add_normals, (count, triangles), s, b.normals)
    launch(_cover, (count, triangles), s.points, s.triangles, s.kind, s.alpha, float(SAMPLES), False, b.visible)
    if scene.shadow.any():
        launch(_to_lamp, (count, vertices), s, b.lamp_points)
        launch(_cover, (count, triangles), b.lamp_points, s.triangles, s.kind, s.alpha, 1.0, False, b.lamp_depth)
    launch(_fine_depth, b.fine.shape, s, b.visible, b.fine)
    launch(_quarter, b.coarse.shape, b.fine, b.coarse)
    for depth, blurred, reach in ((b.fine, b.fine_blurred, 0.05 * 0.5), (b.coarse, b.coarse_blurred, 0.3 * 0.125)):
        between = wp.empty_like(depth)
        launch(_blur, depth.shape[:2], s, depth, reach, between)
        launch(_blur, depth.shape[:2], s, between, reach, blurred)
    if (scene.alpha < 1).any():
        launch(_cover, (count, triangles), s.points, s.triangles, s.kind, s.alpha, 1.0, True, b.glass)
    launch(_shade_pixels, (count, size, size // RUN), s, b, image)
    return image.numpy()


def _on(values: np.ndarray, kind: type, device: str) -> wp.array:
    plain = np.int32 if kind in (wp.int32, wp.vec3i) else np.float32
    return wp.array(np.ascontiguousarray(values, plain), dtype=kind, device=device, copy=False)
