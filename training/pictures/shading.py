# ruff: noqa: SIM109, UP018 - in Warp float(0.0) declares a variable that changes, and there is no `in`
"""Shading of a `Scene`'s triangle at one place of the picture. NVIDIA Warp, for CPU and CUDA.

Skin: a texture with bumps, wrap lighting for subsurface scattering (red farthest), a highlight. Eyes are shaded by the
direction from their centre. Light: ambient, up to four lamps, shadows of the key light, ambient occlusion.
"""

import warp as wp

from ..people.mesh_parts import EYE_LEFT, EYE_RIGHT, LASH, MOUTH, SKIN, TEETH, WORN
from .scene import (
    AT_CAMERA,
    AT_EYE,
    AT_EYE_COLOUR,
    AT_EYE_SIZE,
    AT_HARMONICS,
    AT_LAMP,
    AT_LAMP_COLOUR,
    AT_LAMP_SIZE,
    AT_SCALE,
    AT_SHINE,
    LAMPS,
    Arrays,
)

SHADOW = 128  # px
SHADOW_REACH = 2.4  # IOU from the head's origin to the edge of the shadow map

_SKIN, _TEETH, _MOUTH, _LASH, _WORN = (wp.constant(k) for k in (SKIN, TEETH, MOUTH, LASH, WORN))
_LEFT, _RIGHT = wp.constant(EYE_LEFT), wp.constant(EYE_RIGHT)
_LAMPS, _SHADOW, _REACH = (wp.constant(k) for k in (LAMPS, SHADOW, SHADOW_REACH))
# Wrap lighting: how far light reaches beyond the terminator; red farthest, as skin transmits it best.
_WRAP = wp.constant(wp.vec3(0.42, 0.20, 0.14))


@wp.struct
class Buffers:
    normals: wp.array2d(dtype=wp.vec3)
    visible: wp.array3d(dtype=wp.uint64)
    glass: wp.array3d(dtype=wp.uint64)
    lamp_points: wp.array2d(dtype=wp.vec3)
    lamp_depth: wp.array3d(dtype=wp.uint64)
    fine: wp.array3d(dtype=wp.float32)  # depth at half the size, and the same blurred
    fine_blurred: wp.array3d(dtype=wp.float32)
    coarse: wp.array3d(dtype=wp.float32)  # at an eighth
    coarse_blurred: wp.array3d(dtype=wp.float32)


@wp.func
def near_of(key: wp.uint64):
    return wp.cast(wp.uint32(key >> wp.uint64(32)), wp.float32)


@wp.func
def number_of(key: wp.uint64):
    return int(key & wp.uint64(0xFFFFFFFF)) - 1


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
def _occlusion(
    near: wp.array3d(dtype=wp.float32), wide: wp.array3d(dtype=wp.float32), i: int, px: float, py: float, z: float
):
    """0..1 share of ambient light: less where a point lies deeper than its surroundings."""
    fine = _sample(near, i, px * 0.5, py * 0.5) - z
    coarse = _sample(wide, i, px * 0.125, py * 0.125) - z
    # What lies far behind a silhouette is no hollow, so the depth difference is clamped.
    small = 1.0 / (1.0 + 14.0 * wp.clamp(fine - 0.005, 0.0, 0.12))
    large = 1.0 / (1.0 + 2.2 * wp.clamp(coarse - 0.02, 0.0, 0.3))
    return small * large


@wp.func
def _lit_by_key(table: wp.array2d(dtype=wp.vec3), depth: wp.array3d(dtype=wp.uint64), i: int, p: wp.vec3, n: wp.vec3):
    """0..1 share of lamp 0 that reaches p, from 9 samples of its shadow map."""
    d = table[i, AT_LAMP]
    side = wp.normalize(wp.cross(wp.vec3(0.1, 1.0, 0.05), d))
    up = wp.cross(d, side)
    q = p + n * 0.03
    half = 0.5 * float(_SHADOW) / _REACH
    x = (wp.dot(q, side) + _REACH) * half
    y = (_REACH - wp.dot(q, up)) * half
    step = 0.6 + 9.0 * table[i, AT_LAMP_SIZE][0]
    # Slope-dependent bias, so that a surface at a grazing angle does not shadow itself.
    cosine = wp.max(wp.dot(n, d), 0.3)
    near = wp.dot(q, d) + 8.01 + 1.4 * step / half * wp.sqrt(1.0 - cosine * cosine) / cosine
    open = float(0.0)
    for v in range(-1, 2):
        for u in range(-1, 2):
            xi = int(x + float(u) * step + 0.3 * float(v))
            yi = int(y + float(v) * step - 0.3 * float(u))
            hidden = float(0.0)
            if xi >= 0 and yi >= 0 and xi < _SHADOW and yi < _SHADOW:
                over = near_of(depth[i, yi, xi]) - near
                hidden = wp.clamp(over * 40.0, 0.0, 1.0)
            open += 1.0 - hidden
    return 1.0 - table[i, AT_SHINE][2] * (1.0 - open / 9.0)


@wp.func
def _sky(table: wp.array2d(dtype=wp.vec3), i: int, n: wp.vec3):
    """Ambient light from 3-band spherical harmonics, already convolved with the cosine (see light.py)."""
    x = n[0]
    y = n[1]
    z = n[2]
    c = (
        table[i, AT_HARMONICS + 0]
        + table[i, AT_HARMONICS + 1] * y
        + table[i, AT_HARMONICS + 2] * z
        + table[i, AT_HARMONICS + 3] * x
    )
    c += (
        table[i, AT_HARMONICS + 4] * (x * y)
        + table[i, AT_HARMONICS + 5] * (y * z)
        + table[i, AT_HARMONICS + 6] * (3.0 * z * z - 1.0)
    )
    c += table[i, AT_HARMONICS + 7] * (x * z) + table[i, AT_HARMONICS + 8] * (x * x - y * y)
    return wp.max(c, wp.vec3(0.01, 0.01, 0.01))


@wp.func
def _wrapped(cosine: float, wrap: wp.vec3):
    r = wp.max((cosine + wrap[0]) / (1.0 + wrap[0]), 0.0)
    g = wp.max((cosine + wrap[1]) / (1.0 + wrap[1]), 0.0)
    b = wp.max((cosine + wrap[2]) / (1.0 + wrap[2]), 0.0)
    return wp.vec3(r, g, b)


@wp.func
def _shade_matt(
    table: wp.array2d(dtype=wp.vec3), i: int, p: wp.vec3, smooth: wp.vec3, n: wp.vec3, albedo: wp.vec3,
    open: float, key: float, wrap: wp.vec3, strength: float, exponent: float,
):  # fmt: skip
    """Diffuse reflection and a highlight, under ambient light and the lamps."""
    view = wp.normalize(table[i, AT_CAMERA] - p)
    bounce = albedo * (0.45 * open)  # interreflection in a hollow takes its colour
    shade = wp.vec3(open, open, open) + wp.cw_mul(bounce, wp.vec3(1.0 - open, 1.0 - open, 1.0 - open))
    sky = _sky(table, i, n)
    light = wp.cw_mul(sky, shade)
    facing = wp.max(wp.dot(n, view), 0.0)
    edge = 1.0 - facing
    gloss = sky * (strength * open * (0.12 + 0.5 * edge * edge * edge * edge))
    reach = 0.35 + 0.65 * open
    for k in range(_LAMPS):
        d = table[i, AT_LAMP + k]
        lamp = table[i, AT_LAMP_COLOUR + k]
        if lamp[0] + lamp[1] + lamp[2] > 0.0:
            cosine = wp.dot(n, d)
            # A bump catches no light where the face itself is turned far away from it.
            cosine = wp.min(cosine, wp.dot(smooth, d) + 0.45)
            here = reach
            if k == 0:
                here = reach * key
            light += wp.cw_mul(lamp, _wrapped(cosine, wrap)) * here
            if cosine > 0.0 and strength > 0.0:
                half = wp.normalize(d + view)
                grazing = 1.0 - wp.max(wp.dot(half, view), 0.0)
                fresnel = 0.6 + 2.0 * grazing * grazing
                # exp approximates the power of the cosine at a third of the cost.
                shiny = wp.exp(exponent * (wp.dot(n, half) - 1.0)) * fresnel * strength * wp.min(4.0 * cosine, 1.0)
                # No highlight deep in a hollow or at grazing views.
                gloss += lamp * (shiny * here * open * wp.min(4.0 * facing, 1.0))
    return wp.cw_mul(albedo, light) + gloss


@wp.func
def _step(low: float, high: float, x: float):
    t = wp.clamp((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


@wp.func
def mix(a: wp.vec3, b: wp.vec3, t: float):
    return a * (1.0 - t) + b * t


@wp.func
def _shade_eye(table: wp.array2d(dtype=wp.vec3), i: int, side: int, p: wp.vec3, open: float, key: float, soft: float):
    """An eyeball shaded by direction from its centre, so that the iris is round on any mesh. soft: a pixel in rad."""
    centre = table[i, AT_EYE + 3 * side]
    axis = table[i, AT_EYE + 3 * side + 1]
    up = table[i, AT_EYE + 3 * side + 2]
    arm = p - centre
    out = wp.normalize(arm)
    angle = wp.acos(wp.clamp(wp.dot(out, axis), -1.0, 1.0))
    iris = table[i, AT_EYE_SIZE][0]
    seed = table[i, AT_EYE_SIZE][2]
    r = angle / iris
    soft = wp.clamp(soft / iris, 0.04, 0.5)
    across = wp.cross(up, axis)
    around = wp.atan2(wp.dot(out, up), wp.dot(out, across))
    streak = 0.5 * wp.sin(around * 13.0 + 40.0 * seed) + 0.3 * wp.sin(around * 29.0 + 17.0 * seed + 2.0 * r)
    streak += 0.2 * wp.sin(around * 47.0 - 9.0 * r)
    pupil = table[i, AT_EYE_SIZE][1]
    collar = wp.exp(-(r - pupil - 0.16) * (r - pupil - 0.16) * 60.0)
    ring = table[i, AT_EYE_COLOUR + 1] * (0.85 + 0.3 * streak * (1.0 - soft) + 0.35 * collar)
    ring = mix(ring * 0.75, table[i, AT_EYE_COLOUR + 2] * 0.75, _step(0.72, 0.98, r))
    # Veins: a network of bent lines, from the corners in.
    bend = 6.0 * wp.sin(9.0 * around + 30.0 * seed) + 3.0 * wp.sin(23.0 * around)
    vein = wp.pow(wp.abs(wp.sin(14.0 * around + bend * r + 20.0 * seed)), 12.0) * _step(1.3, 2.4, r)
    white = table[i, AT_EYE_COLOUR + 3]
    white = wp.cw_mul(white * 0.55, wp.vec3(1.0, 1.0 - 0.1 * vein - 0.05 * _step(1.3, 3.0, r), 1.0 - 0.1 * vein))
    colour = mix(table[i, AT_EYE_COLOUR + 0], ring, _step(pupil - 0.6 * soft, pupil + 0.6 * soft, r))
    colour = mix(colour, white, _step(1.0 - 0.07 - 0.5 * soft, 1.0 + 0.1 + 0.5 * soft, r))
    in_iris = 1.0 - _step(0.9, 1.15, r)
    matt = wp.normalize(mix(out, axis, 0.6 * in_iris))
    light = _sky(table, i, matt) * open
    view = wp.normalize(table[i, AT_CAMERA] - p)
    cornea = wp.normalize(arm - axis * (0.45 * wp.length(arm) * (1.0 - _step(0.8, 1.3, r))))
    mirror = cornea * (2.0 * wp.dot(cornea, view)) - view
    # Most rooms have something bright above the eyes.
    gloss = _sky(table, i, mirror) * ((0.04 + 0.25 * _step(0.25, 0.5, mirror[1]) * _step(-0.2, 0.2, mirror[2])) * open)
    for k in range(_LAMPS):
        d = table[i, AT_LAMP + k]
        lamp = table[i, AT_LAMP_COLOUR + k]
        here = 0.3 + 0.7 * open
        if k == 0:
            here = here * key
        light += lamp * (wp.max((wp.dot(matt, d) + 0.25) / 1.25, 0.0) * here)
        # A lamp is reflected in the cornea as a square window with sharp edges.
        beside = wp.normalize(wp.cross(wp.vec3(0.0, 1.0, 0.05), d))
        high = wp.cross(d, beside)
        if wp.dot(mirror, d) > 0.0:
            size = wp.clamp(0.5 * table[i, AT_LAMP_SIZE + k][0], 0.05, 0.2)
            u = wp.abs(wp.dot(mirror, beside))
            v = wp.abs(wp.dot(mirror, high))
            window = (1.0 - _step(size, size + 0.07, u)) * (1.0 - _step(size, size + 0.07, v))
            gloss += lamp * (window * here * 0.35 / (0.1 + size))
    return wp.cw_mul(colour, light) + gloss * wp.min(1.3 * open, 1.0)


@wp.func
def shade(s: Arrays, b: Buffers, i: int, t: int, px: float, py: float):
    """Colour of triangle t at a place of the picture."""
    v = s.triangles[i, t]
    a = s.points[i, v[0]]
    q = s.points[i, v[1]]
    c = s.points[i, v[2]]
    inverse = 1.0 / ((q[0] - a[0]) * (c[1] - a[1]) - (q[1] - a[1]) * (c[0] - a[0]))
    wa = ((q[0] - px) * (c[1] - py) - (q[1] - py) * (c[0] - px)) * inverse
    wb = ((c[0] - px) * (a[1] - py) - (c[1] - py) * (a[0] - px)) * inverse
    wa = wp.clamp(wa, -0.3, 1.3)  # a pixel's centre may lie outside a triangle that one of its samples hit
    wb = wp.clamp(wb, -0.3, 1.3)
    wc = 1.0 - wa - wb
    # Perspective-correct interpolation.
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
    if s.table[i, AT_SHINE][2] > 0.0 and kind != _WORN:  # skipped for hair and shirts
        key = _lit_by_key(s.table, b.lamp_depth, i, p, smooth)
    if kind == _LEFT or kind == _RIGHT:
        side = kind - _LEFT
        soft = 1.0 / (s.table[i, AT_SCALE][0] * wp.length(p - s.table[i, AT_EYE + 3 * side]))
        return _shade_eye(s.table, i, side, p, open * open, key, soft)  # lids and sockets enclose it
    n = smooth
    wrap = float(1.0)
    strength = s.table[i, AT_SHINE][0]
    exponent = s.table[i, AT_SHINE][1]
    albedo = wp.vec3(0.0, 0.0, 0.0)
    if kind != _SKIN:
        albedo = s.colour[i, v[0]] * wa + s.colour[i, v[1]] * wb + s.colour[i, v[2]] * wc
        albedo = wp.max(albedo, wp.vec3(0.0, 0.0, 0.0))
        if kind == _TEETH or kind == _MOUTH:  # wet, and enclosed by the lips
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
        slope = (
            s.bump[i, y, x] * w00
            + s.bump[i, y, x + 1] * w10
            + s.bump[i, y + 1, x] * w01
            + s.bump[i, y + 1, x + 1] * w11
        )
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
