"""A deferred rasteriser for training pictures, in NVIDIA Warp: one source, compiled for the CPU and for CUDA.

A batch of scenes goes in, linear RGB light comes out. Steps: vertex normals; a visibility buffer with 2 x 2 samples a
pixel (packed nearness and triangle number, kept by an atomic maximum, so the order of triangles never matters); a depth
buffer from the key lamp; ambient occlusion from the blurred depth; shading, once a pixel, and once a sample where the
pixel lies on an edge; transparent triangles on top.

Camera axes: origin at the head's, x to the picture's right, y up, z towards the camera.
"""

from dataclasses import dataclass

import numpy as np
import warp as wp

from .parts import EYE_LEFT, EYE_RIGHT, LASH, MOUTH, SKIN, TEETH

LAMPS = 4
SAMPLES = 2  # along each side of a pixel
SHADOW = 128  # px
_SHADOW_REACH = 2.4  # IOU from the head's origin to the edge of the shadow map
_FAR = -2.0  # z (IOU) that ambient occlusion sees where nothing is drawn

wp.config.quiet = True
wp.set_module_options({"enable_backward": False, "fast_math": True})

_SKIN, _TEETH, _MOUTH, _LASH = (wp.constant(k) for k in (SKIN, TEETH, MOUTH, LASH))
_LEFT, _RIGHT = wp.constant(EYE_LEFT), wp.constant(EYE_RIGHT)
_LAMPS, _SAMPLES, _SHADOW = wp.constant(LAMPS), wp.constant(SAMPLES), wp.constant(SHADOW)
_REACH, _EMPTY = wp.constant(_SHADOW_REACH), wp.constant(_FAR)
_SAME_SURFACE = wp.constant(0.06)  # IOU of depth between samples that are shaded as one
_WRAP = wp.constant(wp.vec3(0.42, 0.20, 0.14))  # light reaches round the terminator, red farthest (skin lets it through)


@dataclass
class Scene:
    """Pictures to draw: b of them, n vertices, t triangles, of which the last may be transparent.

    points (b, n, 3): pixel x, y (down), 1 / distance. place, colour (b, n, 3): camera axes; linear albedo of what has no
    texture. uv (b, n, 2) into the texture. triangles (b, t, 3) int32, facing the camera when they turn clockwise in the
    picture's axes; kind (b, t) int32: a part of `heads` or WORN; alpha (b, t), 1 opaque; of lashes
    the share of hair in them.
    albedo (b, s, s, 3), bump (b, s, s, 2): skin. eye (b, 2, 3, 3): left and right eyeball's centre, gaze axis, up.
    eye_colour (b, 4, 3): pupil, iris, its rim, white. eye_size (b, 3): the iris' edge in rad, the pupil as a part of
    it, a number 0..1 that makes this person's streaks and veins.
    harmonics (b, 9, 3), lamp, lamp_colour (b, 4, 3), lamp_size (b, 4) rad, shadow (b,) 0..1: see light.py.
    shine (b, 2): strength and exponent of the skin's highlight. camera (b, 3): its place. scale (b,): pixels an IOU.
    """

    points: np.ndarray
    place: np.ndarray
    colour: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    kind: np.ndarray
    alpha: np.ndarray
    albedo: np.ndarray
    bump: np.ndarray
    eye: np.ndarray
    eye_colour: np.ndarray
    eye_size: np.ndarray
    harmonics: np.ndarray
    lamp: np.ndarray
    lamp_colour: np.ndarray
    lamp_size: np.ndarray
    shadow: np.ndarray
    shine: np.ndarray
    camera: np.ndarray
    scale: np.ndarray


# Rows of a scene's table of small vectors. (Warp copies structures at every call: few members make fast functions.)
_CAMERA, _EYE, _EYE_COLOUR, _EYE_SIZE, _HARMONICS = (wp.constant(k) for k in (0, 1, 7, 11, 12))
_LAMP, _LAMP_COLOUR, _LAMP_SIZE, _SHINE = (wp.constant(k) for k in (21, 25, 29, 33))  # _SHINE: and shadow
_SCALE = wp.constant(34)
_ROWS = 35


@wp.struct
class _Scene:
    points: wp.array2d(dtype=wp.vec3)
    place: wp.array2d(dtype=wp.vec3)
    colour: wp.array2d(dtype=wp.vec3)
    uv: wp.array2d(dtype=wp.vec2)
    triangles: wp.array2d(dtype=wp.vec3i)
    kind: wp.array2d(dtype=wp.int32)
    alpha: wp.array2d(dtype=wp.float32)
    albedo: wp.array3d(dtype=wp.vec3)
    bump: wp.array3d(dtype=wp.vec2)
    table: wp.array2d(dtype=wp.vec3)


@wp.struct
class _Buffers:
    normals: wp.array2d(dtype=wp.vec3)
    visible: wp.array3d(dtype=wp.uint64)
    glass: wp.array3d(dtype=wp.uint64)
    lamp_points: wp.array2d(dtype=wp.vec3)
    lamp_depth: wp.array3d(dtype=wp.uint64)
    fine: wp.array3d(dtype=wp.float32)  # depth at half the size, and the same blurred
    fine_blurred: wp.array3d(dtype=wp.float32)
    coarse: wp.array3d(dtype=wp.float32)  # at an eighth
    coarse_blurred: wp.array3d(dtype=wp.float32)


@wp.kernel
def _add_normals(s: _Scene, normals: wp.array2d(dtype=wp.vec3)):
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
    """Keep the nearest triangle at each sample. points: x, y in pixels, and nearness > 0, linear in the picture."""
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
    # Weights of the corners, linear in the picture: w = start + x * right + y * down, negative outside.
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


@wp.func
def _near(key: wp.uint64):
    return wp.cast(wp.uint32(key >> wp.uint64(32)), wp.float32)


@wp.func
def _number(key: wp.uint64):
    return int(key & wp.uint64(0xFFFFFFFF)) - 1


@wp.kernel
def _to_lamp(s: _Scene, out: wp.array2d(dtype=wp.vec3)):
    """Vertices in the shadow map of lamp 0: pixels, and nearness to the lamp made positive."""
    i, k = wp.tid()
    d = s.table[i, _LAMP]
    side = wp.normalize(wp.cross(wp.vec3(0.1, 1.0, 0.05), d))
    up = wp.cross(d, side)
    p = s.place[i, k]
    half = 0.5 * float(_SHADOW) / _REACH
    out[i, k] = wp.vec3(
        (wp.dot(p, side) + _REACH) * half, (_REACH - wp.dot(p, up)) * half, wp.max(wp.dot(p, d) + 8.0, 0.01)
    )


@wp.kernel
def _fine_depth(s: _Scene, visible: wp.array3d(dtype=wp.uint64), out: wp.array3d(dtype=wp.float32)):
    """z of the first sample of each 2 x 2 pixels."""
    i, y, x = wp.tid()
    key = visible[i, 2 * _SAMPLES * y + 1, 2 * _SAMPLES * x + 1]
    if key == wp.uint64(0):
        out[i, y, x] = _EMPTY
    else:
        out[i, y, x] = wp.max(s.table[i, _CAMERA][2] - 1.0 / _near(key), _EMPTY)


@wp.kernel
def _quarter(fine: wp.array3d(dtype=wp.float32), out: wp.array3d(dtype=wp.float32)):
    i, y, x = wp.tid()
    total = float(0.0)
    for v in range(2):
        for u in range(2):
            total += fine[i, 4 * y + 1 + v, 4 * x + 1 + u]
    out[i, y, x] = 0.25 * total


@wp.kernel
def _blur(s: _Scene, source: wp.array3d(dtype=wp.float32), reach: float, out: wp.array3d(dtype=wp.float32)):
    """Box blur along each row, the result turned by 90 degrees: twice is a blur both ways, upright again.

    reach: IOU times the source's pixels per picture pixel.
    """
    i, y = wp.tid()
    last = source.shape[2] - 1
    r = wp.clamp(int(reach * s.table[i, _SCALE][0] + 0.5), 1, last / 2)
    total = float(r + 2) * source[i, y, 0]  # the window about the place before the first
    for x in range(1, r):
        total += source[i, y, x]
    part = 1.0 / float(2 * r + 1)
    for x in range(last + 1):
        total += source[i, y, wp.min(x + r, last)] - source[i, y, wp.max(x - r - 1, 0)]
        out[i, x, y] = total * part


@wp.func
def _sample(image: wp.array3d(dtype=wp.float32), i: int, x: float, y: float):
    w = image.shape[2]
    h = image.shape[1]
    fx = wp.clamp(x - 0.5, 0.0, float(w) - 1.001)
    fy = wp.clamp(y - 0.5, 0.0, float(h) - 1.001)
    x0 = int(fx)
    y0 = int(fy)
    tx = fx - float(x0)
    ty = fy - float(y0)
    top = image[i, y0, x0] * (1.0 - tx) + image[i, y0, x0 + 1] * tx
    bottom = image[i, y0 + 1, x0] * (1.0 - tx) + image[i, y0 + 1, x0 + 1] * tx
    return top * (1.0 - ty) + bottom * ty


@wp.func
def _occlusion(near: wp.array3d(dtype=wp.float32), wide: wp.array3d(dtype=wp.float32), i: int, px: float, py: float, z: float):
    """0..1 share of the sky seen: what lies deeper than its surroundings is in a hollow."""
    fine = _sample(near, i, px * 0.5, py * 0.5) - z
    coarse = _sample(wide, i, px * 0.125, py * 0.125) - z
    # Far behind a silhouette is no hollow: no more dark than a hollow of that depth.
    small = 1.0 / (1.0 + 12.0 * wp.clamp(fine - 0.006, 0.0, 0.12))
    large = 1.0 / (1.0 + 2.2 * wp.clamp(coarse - 0.02, 0.0, 0.3))
    return small * large


@wp.func
def _lit_by_key(table: wp.array2d(dtype=wp.vec3), depth: wp.array3d(dtype=wp.uint64), i: int, p: wp.vec3, n: wp.vec3):
    """0..1 share of lamp 0 that reaches p, by 9 looks into its depth buffer."""
    d = table[i, _LAMP]
    side = wp.normalize(wp.cross(wp.vec3(0.1, 1.0, 0.05), d))
    up = wp.cross(d, side)
    q = p + n * 0.03
    half = 0.5 * float(_SHADOW) / _REACH
    x = (wp.dot(q, side) + _REACH) * half
    y = (_REACH - wp.dot(q, up)) * half
    step = 0.6 + 9.0 * table[i, _LAMP_SIZE][0]
    # A surface that the light grazes is itself nearer to the lamp on one side: not its own shadow.
    cosine = wp.max(wp.dot(n, d), 0.3)
    near = wp.dot(q, d) + 8.01 + 1.4 * step / half * wp.sqrt(1.0 - cosine * cosine) / cosine
    open = float(0.0)
    for v in range(-1, 2):
        for u in range(-1, 2):
            xi = int(x + float(u) * step + 0.3 * float(v))
            yi = int(y + float(v) * step - 0.3 * float(u))
            hidden = float(0.0)
            if xi >= 0 and yi >= 0 and xi < _SHADOW and yi < _SHADOW:
                over = _near(depth[i, yi, xi]) - near
                hidden = wp.clamp(over * 40.0, 0.0, 1.0)
            open += 1.0 - hidden
    return 1.0 - table[i, _SHINE][2] * (1.0 - open / 9.0)


@wp.func
def _sky(table: wp.array2d(dtype=wp.vec3), i: int, n: wp.vec3):
    """Light from all round by 3-band spherical harmonics, already folded with the cosine (see light.py)."""
    x = n[0]
    y = n[1]
    z = n[2]
    c = table[i, _HARMONICS + 0] + table[i, _HARMONICS + 1] * y + table[i, _HARMONICS + 2] * z + table[i, _HARMONICS + 3] * x
    c += table[i, _HARMONICS + 4] * (x * y) + table[i, _HARMONICS + 5] * (y * z) + table[i, _HARMONICS + 6] * (3.0 * z * z - 1.0)
    c += table[i, _HARMONICS + 7] * (x * z) + table[i, _HARMONICS + 8] * (x * x - y * y)
    return wp.max(c, wp.vec3(0.01, 0.01, 0.01))


@wp.func
def _wrapped(cosine: float, wrap: wp.vec3):
    r = wp.max((cosine + wrap[0]) / (1.0 + wrap[0]), 0.0)
    g = wp.max((cosine + wrap[1]) / (1.0 + wrap[1]), 0.0)
    b = wp.max((cosine + wrap[2]) / (1.0 + wrap[2]), 0.0)
    return wp.vec3(r, g, b)


@wp.func
def _shade_matt(
    table: wp.array2d(dtype=wp.vec3), i: int, p: wp.vec3, smooth: wp.vec3, n: wp.vec3, albedo: wp.vec3, open: float, key: float,
    wrap: wp.vec3, strength: float, exponent: float,
):  # fmt: skip
    """Diffuse and a highlight, under the sky and the lamps."""
    view = wp.normalize(table[i, _CAMERA] - p)
    bounce = albedo * (0.45 * open)  # light that comes back out of a hollow takes its colour
    shade = wp.vec3(open, open, open) + wp.cw_mul(bounce, wp.vec3(1.0 - open, 1.0 - open, 1.0 - open))
    sky = _sky(table, i, n)
    light = wp.cw_mul(sky, shade)
    edge = 1.0 - wp.max(wp.dot(n, view), 0.0)
    gloss = sky * (strength * open * (0.25 + 2.0 * edge * edge * edge * edge) * 0.5)
    reach = 0.35 + 0.65 * open
    for k in range(_LAMPS):
        d = table[i, _LAMP + k]
        lamp = table[i, _LAMP_COLOUR + k]
        if lamp[0] + lamp[1] + lamp[2] > 0.0:
            cosine = wp.dot(n, d)
            # A bump cannot catch light where the face itself is turned far away.
            cosine = wp.min(cosine, wp.dot(smooth, d) + 0.45)
            here = reach
            if k == 0:
                here = reach * key
            light += wp.cw_mul(lamp, _wrapped(cosine, wrap)) * here
            if cosine > 0.0 and strength > 0.0:
                half = wp.normalize(d + view)
                grazing = 1.0 - wp.max(wp.dot(half, view), 0.0)
                fresnel = 0.6 + 3.0 * grazing * grazing
                # exp stands for the power of the cosine, which it follows closely and at a third of the cost.
                shiny = wp.exp(exponent * (wp.dot(n, half) - 1.0)) * fresnel * strength * wp.min(4.0 * cosine, 1.0)
                gloss += lamp * (shiny * here)
    return wp.cw_mul(albedo, light) + gloss


@wp.func
def _step(low: float, high: float, x: float):
    t = wp.clamp((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


@wp.func
def _mix(a: wp.vec3, b: wp.vec3, t: float):
    return a * (1.0 - t) + b * t


@wp.func
def _shade_eye(table: wp.array2d(dtype=wp.vec3), i: int, side: int, p: wp.vec3, open: float, key: float, soft: float):
    """An eyeball by the direction from its centre, so that the iris is round on any mesh. soft: a pixel in rad."""
    centre = table[i, _EYE + 3 * side]
    axis = table[i, _EYE + 3 * side + 1]
    up = table[i, _EYE + 3 * side + 2]
    arm = p - centre
    out = wp.normalize(arm)
    angle = wp.acos(wp.clamp(wp.dot(out, axis), -1.0, 1.0))
    iris = table[i, _EYE_SIZE][0]
    seed = table[i, _EYE_SIZE][2]
    r = angle / iris
    soft = wp.clamp(soft / iris, 0.04, 0.5)
    across = wp.cross(up, axis)
    around = wp.atan2(wp.dot(out, up), wp.dot(out, across))
    streak = 0.5 * wp.sin(around * 13.0 + 40.0 * seed) + 0.3 * wp.sin(around * 29.0 + 17.0 * seed + 2.0 * r)
    streak += 0.2 * wp.sin(around * 47.0 - 9.0 * r)
    pupil = table[i, _EYE_SIZE][1]
    collar = wp.exp(-(r - pupil - 0.16) * (r - pupil - 0.16) * 60.0)
    ring = table[i, _EYE_COLOUR + 1] * (0.85 + 0.3 * streak * (1.0 - soft) + 0.35 * collar)
    ring = _mix(ring, table[i, _EYE_COLOUR + 2], _step(0.72, 0.98, r))
    # Veins: a network of bent lines, from the corners in.
    bend = 6.0 * wp.sin(9.0 * around + 30.0 * seed) + 3.0 * wp.sin(23.0 * around)
    vein = wp.pow(wp.abs(wp.sin(14.0 * around + bend * r + 20.0 * seed)), 12.0) * _step(1.3, 2.4, r)
    white = table[i, _EYE_COLOUR + 3]
    white = wp.cw_mul(white * 0.72, wp.vec3(1.0, 1.0 - 0.1 * vein - 0.05 * _step(1.3, 3.0, r), 1.0 - 0.1 * vein))
    colour = _mix(table[i, _EYE_COLOUR + 0], ring, _step(pupil - 0.6 * soft, pupil + 0.6 * soft, r))
    colour = _mix(colour, white, _step(1.0 - 0.07 - 0.5 * soft, 1.0 + 0.1 + 0.5 * soft, r))
    in_iris = 1.0 - _step(0.9, 1.15, r)
    matt = wp.normalize(_mix(out, axis, 0.6 * in_iris))
    light = _sky(table, i, matt) * open
    view = wp.normalize(table[i, _CAMERA] - p)
    cornea = wp.normalize(arm - axis * (0.45 * wp.length(arm) * (1.0 - _step(0.8, 1.3, r))))
    mirror = cornea * (2.0 * wp.dot(cornea, view)) - view
    # Most rooms have something bright above the eyes.
    gloss = _sky(table, i, mirror) * ((0.04 + 0.25 * _step(0.25, 0.5, mirror[1]) * _step(-0.2, 0.2, mirror[2])) * open)
    for k in range(_LAMPS):
        d = table[i, _LAMP + k]
        lamp = table[i, _LAMP_COLOUR + k]
        here = 0.3 + 0.7 * open
        if k == 0:
            here = here * key
        light += lamp * (wp.max((wp.dot(matt, d) + 0.25) / 1.25, 0.0) * here)
        # A lamp is a square window: its picture in the cornea has edges.
        beside = wp.normalize(wp.cross(wp.vec3(0.0, 1.0, 0.05), d))
        high = wp.cross(d, beside)
        if wp.dot(mirror, d) > 0.0:
            size = wp.clamp(0.5 * table[i, _LAMP_SIZE + k][0], 0.05, 0.2)
            u = wp.abs(wp.dot(mirror, beside))
            v = wp.abs(wp.dot(mirror, high))
            window = (1.0 - _step(size, size + 0.07, u)) * (1.0 - _step(size, size + 0.07, v))
            gloss += lamp * (window * here * 0.35 / (0.1 + size))
    return wp.cw_mul(colour, light) + gloss * wp.min(1.3 * open, 1.0)


@wp.func
def _shade(s: _Scene, b: _Buffers, i: int, t: int, px: float, py: float):
    """Light from triangle t at a place in the picture."""
    v = s.triangles[i, t]
    a = s.points[i, v[0]]
    q = s.points[i, v[1]]
    c = s.points[i, v[2]]
    inverse = 1.0 / ((q[0] - a[0]) * (c[1] - a[1]) - (q[1] - a[1]) * (c[0] - a[0]))
    wa = ((q[0] - px) * (c[1] - py) - (q[1] - py) * (c[0] - px)) * inverse
    wb = ((c[0] - px) * (a[1] - py) - (c[1] - py) * (a[0] - px)) * inverse
    wa = wp.clamp(wa, -0.3, 1.3)  # a pixel's middle may lie outside a triangle that a sample of it hit
    wb = wp.clamp(wb, -0.3, 1.3)
    wc = 1.0 - wa - wb
    # Lengths are linear in space, not in the picture: weigh by nearness.
    wa = wa * a[2]
    wb = wb * q[2]
    wc = wc * c[2]
    total = 1.0 / (wa + wb + wc)
    wa = wa * total
    wb = wb * total
    wc = wc * total
    pa = s.place[i, v[0]]
    pb = s.place[i, v[1]]
    pc = s.place[i, v[2]]
    p = pa * wa + pb * wb + pc * wc
    smooth = wp.normalize(b.normals[i, v[0]] * wa + b.normals[i, v[1]] * wb + b.normals[i, v[2]] * wc)
    kind = s.kind[i, t]
    open = _occlusion(b.fine_blurred, b.coarse_blurred, i, px, py, p[2])
    key = float(1.0)
    if s.table[i, _SHINE][2] > 0.0:
        key = _lit_by_key(s.table, b.lamp_depth, i, p, smooth)
    if kind == _LEFT or kind == _RIGHT:
        side = kind - _LEFT
        soft = 1.0 / (s.table[i, _SCALE][0] * wp.length(p - s.table[i, _EYE + 3 * side]))
        return _shade_eye(s.table, i, side, p, open * wp.sqrt(open), key, soft)  # lids and sockets wall it in
    n = smooth
    wrap = float(1.0)
    strength = s.table[i, _SHINE][0]
    exponent = s.table[i, _SHINE][1]
    albedo = wp.vec3(0.0, 0.0, 0.0)
    if kind != _SKIN:
        albedo = s.colour[i, v[0]] * wa + s.colour[i, v[1]] * wb + s.colour[i, v[2]] * wc
        albedo = wp.max(albedo, wp.vec3(0.0, 0.0, 0.0))
        if kind == _TEETH or kind == _MOUTH:  # wet, and walled in by lips on all sides
            strength = 0.12
            exponent = 40.0
            open = open * open
        elif kind == _LASH:
            wrap = 0.4
            strength = 0.0
        else:
            wrap = 0.4
            strength = 0.06
            exponent = 12.0
    else:
        ua = s.uv[i, v[0]]
        ub = s.uv[i, v[1]]
        uc = s.uv[i, v[2]]
        uv = ua * wa + ub * wb + uc * wc
        size = s.albedo.shape[1]
        fx = wp.clamp(uv[0] * float(size) - 0.5, 0.0, float(size) - 1.001)
        fy = wp.clamp(uv[1] * float(size) - 0.5, 0.0, float(size) - 1.001)
        x = int(fx)
        y = int(fy)
        tx = fx - float(x)
        ty = fy - float(y)
        w00 = (1.0 - tx) * (1.0 - ty)
        w10 = tx * (1.0 - ty)
        w01 = (1.0 - tx) * ty
        w11 = tx * ty
        albedo = s.albedo[i, y, x] * w00 + s.albedo[i, y, x + 1] * w10
        albedo += s.albedo[i, y + 1, x] * w01 + s.albedo[i, y + 1, x + 1] * w11
        slope = s.bump[i, y, x] * w00 + s.bump[i, y, x + 1] * w10 + s.bump[i, y + 1, x] * w01 + s.bump[i, y + 1, x + 1] * w11
        e1 = pb - pa
        e2 = pc - pa
        d1 = ub - ua
        d2 = uc - ua
        turn = d1[0] * d2[1] - d1[1] * d2[0]
        if wp.abs(turn) > 1.0e-12:
            sign = wp.sign(turn)
            along = wp.normalize((e1 * d2[1] - e2 * d1[1]) * sign)
            down = wp.normalize((e2 * d1[0] - e1 * d2[0]) * sign)
            n = wp.normalize(smooth - along * slope[0] - down * slope[1])
    return _shade_matt(s.table, i, p, smooth, n, albedo, open, key, _WRAP * wrap, strength, exponent)


@wp.kernel
def _shade_pixels(s: _Scene, b: _Buffers, image: wp.array3d(dtype=wp.vec3)):
    """Draw over the background in `image`."""
    i, y, x = wp.tid()
    count = _SAMPLES * _SAMPLES
    first = b.visible[i, _SAMPLES * y, _SAMPLES * x]
    glass = b.glass[i, y, x]
    some = glass != wp.uint64(0)
    same = int(1)
    kind = int(-1)
    depth = float(0.0)
    if first != wp.uint64(0):
        kind = s.kind[i, _number(first)]
        depth = 1.0 / _near(first)
        some = True
    for k in range(1, count):
        other = b.visible[i, _SAMPLES * y + k / _SAMPLES, _SAMPLES * x + k % _SAMPLES]
        if other == wp.uint64(0):
            if kind >= 0:
                same = 0
        else:
            some = True
            if s.kind[i, _number(other)] != kind or wp.abs(1.0 / _near(other) - depth) > _SAME_SURFACE:
                same = 0
    if not some:
        return
    behind = image[i, y, x]
    colour = behind
    total = wp.vec3(0.0, 0.0, 0.0)
    last = int(-1)
    # One call of _shade for all cases: Warp hands structures over by copying them, unless it can put the code in place.
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
            t = _number(key)
            here = 1.0 / _near(key)
            if k < count:
                if same == 0 and (s.kind[i, t] != last or wp.abs(here - depth) > _SAME_SURFACE):
                    fresh = True
                depth = here
                last = s.kind[i, t]
            elif _near(first) > _near(key):
                fresh = False  # glass behind the face
            if fresh:
                colour = _shade(s, b, i, t, px, py)
        if k < count:
            if key == wp.uint64(0):
                total += behind
                last = -1
            else:
                total += colour
        elif fresh and key != wp.uint64(0):
            total = _mix(total, colour * float(count), s.alpha[i, _number(key)])
    image[i, y, x] = total / float(count)


def draw(scene: Scene, background: np.ndarray, device: str = "cpu") -> np.ndarray:
    """The scenes over background (b, h, h, 3) float32 linear RGB, h a multiple of 8; returns an array like it.

    device: "cpu" or "cuda". The two differ by rounding only.
    """
    count, size = background.shape[:2]
    vertices, triangles = scene.points.shape[1], scene.triangles.shape[1]
    s = _Scene()
    for name, member in _Scene.vars.items():
        values = _table(scene) if name == "table" else getattr(scene, name)
        setattr(s, name, _on(values, member.type.dtype, device))
    b = _Buffers()
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
    launch(_shade_pixels, (count, size, size), s, b, image)
    return image.numpy()


def _table(scene: Scene) -> np.ndarray:
    """(b, rows, 3) the small vectors of a scene, at the rows named above."""
    table = np.zeros((len(scene.camera), _ROWS, 3), np.float32)
    table[:, _CAMERA] = scene.camera
    table[:, _EYE : _EYE + 6] = scene.eye.reshape(-1, 6, 3)
    table[:, _EYE_COLOUR : _EYE_COLOUR + 4] = scene.eye_colour
    table[:, _EYE_SIZE] = scene.eye_size
    table[:, _HARMONICS : _HARMONICS + 9] = scene.harmonics
    table[:, _LAMP : _LAMP + LAMPS] = scene.lamp
    table[:, _LAMP_COLOUR : _LAMP_COLOUR + LAMPS] = scene.lamp_colour
    table[:, _LAMP_SIZE : _LAMP_SIZE + LAMPS, 0] = scene.lamp_size
    table[:, _SHINE, :2] = scene.shine
    table[:, _SHINE, 2] = scene.shadow
    table[:, _SCALE, 0] = scene.scale
    return table


def _on(values: np.ndarray, kind: type, device: str) -> wp.array:
    plain = np.int32 if kind in (wp.int32, wp.vec3i) else np.float32
    return wp.array(np.ascontiguousarray(values, plain), dtype=kind, device=device, copy=False)
