"""Triangle meshes of the catalogue's objects, and the few-cornered convex pieces that physics collides.

All lengths in metres, triangles counter-clockwise seen from outside.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy.spatial import ConvexHull

Mesh = tuple[np.ndarray, np.ndarray]
"""Vertices float64 [V, 3] and triangles int32 [F, 3]."""

_QUAD = np.array([[0, 1, 2], [0, 2, 3]])


def parse_obj(text: str, scale: float) -> list[Mesh]:
    """Reads the convex parts of a Wavefront OBJ (its `o` groups), as pybullet's `random_urdfs` are stored.

    Args:
        text: The contents of the file; polygons are cut into fans.
        scale: The metres per unit of the file.

    Returns:
        One mesh in metres for each group that has faces.
    """
    vertices: list[list[float]] = []
    groups: list[list[list[int]]] = []
    for line in text.splitlines():
        kind, *rest = line.split() or [""]
        if kind == "o":
            groups.append([])
        elif kind == "v":
            vertices.append([float(x) for x in rest[:3]])
        elif kind == "f":
            corners = [int(x.split("/")[0]) - 1 for x in rest]
            groups[-1] += [[corners[0], b, c] for b, c in itertools.pairwise(corners[1:])]
    points = np.array(vertices) * scale
    parts = []
    for group in groups:
        if group:
            used, faces = np.unique(np.array(group), return_inverse=True)
            parts.append((points[used], faces.reshape(-1, 3).astype(np.int32)))
    return parts


def box(half: np.ndarray) -> Mesh:
    """A box around the origin.

    Args:
        half: Half of the size along x, y and z, [3] metres.
    """
    corners = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)], float) * half
    quads = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
    return corners, quads[:, _QUAD].reshape(-1, 3).astype(np.int32)


def lathe(profile: np.ndarray, segments: int) -> Mesh:
    """A closed surface of revolution about z.

    Args:
        profile: The radius and z of each ring in metres, [K, 2], z not decreasing; both ends are closed by discs.
        segments: The number of corners around.
    """
    angle = np.arange(segments) * 2 * np.pi / segments
    radius, z = np.asarray(profile, float).T
    rings = np.stack(
        [
            radius[:, None] * np.cos(angle),
            radius[:, None] * np.sin(angle),
            np.broadcast_to(z[:, None], (len(z), segments)),
        ],
        axis=-1,
    )
    vertices = np.concatenate([[[0, 0, z[0]]], rings.reshape(-1, 3), [[0, 0, z[-1]]]])
    here = 1 + np.arange(segments)
    there = 1 + (np.arange(segments) + 1) % segments
    last = (len(z) - 1) * segments
    bottom = np.stack([np.zeros_like(here), there, here], axis=1)
    top = np.stack([np.full_like(here, len(vertices) - 1), here + last, there + last], axis=1)
    side = [
        np.stack([here, there, there + segments, here + segments], axis=1)[:, _QUAD].reshape(-1, 3) + k * segments
        for k in range(len(z) - 1)
    ]
    return vertices, np.concatenate([bottom, *side, top]).astype(np.int32)


def pillow(
    half: np.ndarray,
    roundness: float,
    creases: np.ndarray,
    ripple: tuple[float, float],
    bend: float,
    cells: tuple[int, int],
) -> Mesh:
    """A filled pouch: two sheets that meet in a flat seam, slightly creased.

    Each sheet is a height field over a rounded rectangle, so no point of it is a pole where creases could meet
    in a star (as they did in the sketch).

    Args:
        half: Half of the size along x, y and z, [3] metres.
        roundness: The shape of the outline, from 0 (almost rectangular) to 1 (elliptic).
        creases: The straight folds over the unit square, [C, 5] of (angle in radians, offset, width, depth, side):
            depth as a share of half[2]; side > 0 creases the upper sheet, else the lower.
        ripple: The depth of the puckers along the seam as a share of half[2], and their phase in radians.
        bend: The sag of the middle along x, as a share of half[2].
        cells: The number of grid cells along x and y.
    """
    n, m = cells
    # grid lines are denser near the seam, where the sheet is steep
    x, y = np.meshgrid(*((t + np.sin(t * np.pi / 2)) / 2 for t in (np.linspace(-1, 1, k + 1) for k in (n, m))))
    x, y = x.T, y.T
    # the disc mapping pulls the square's corners in: outline between a rectangle and an ellipse
    px = x * np.sqrt(1 - roundness * y**2 / 2)
    py = y * np.sqrt(1 - roundness * x**2 / 2)
    swell = ((1 - x**2) * (1 - y**2)) ** 0.35
    grids = []
    for side in (1, -1):
        fold = np.zeros_like(x)
        for angle, offset, width, depth, where in creases:
            if where * side > 0:
                across = (x * np.cos(angle) + y * np.sin(angle) - offset) / width
                fold -= depth * np.exp(-(across**2))
        pucker = np.sin(9 * y + ripple[1]) * x**4 + np.sin(9 * x + side * ripple[1]) * y**4
        z = side * swell * (1 + fold + ripple[0] * pucker) + bend * (1 - px**2)
        grids.append(np.stack([px * half[0], py * half[1], z * half[2]], axis=-1).reshape(-1, 3))
    index = np.arange((n + 1) * (m + 1)).reshape(n + 1, m + 1)
    quad = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=-1).reshape(-1, 4)
    upper = quad[:, _QUAD].reshape(-1, 3)
    lower = quad[:, ::-1][:, _QUAD].reshape(-1, 3)
    # the two sheets share the vertices of the seam
    seam = np.zeros_like(index, bool)
    seam[[0, -1]] = seam[:, [0, -1]] = True
    second = np.where(seam, index, index + index.size).ravel()
    faces = np.concatenate([upper, second[lower]])
    used, faces = np.unique(faces, return_inverse=True)
    return np.concatenate(grids)[used], faces.reshape(-1, 3).astype(np.int32)


def join(parts: list[Mesh]) -> Mesh:
    """One mesh of several; their triangles keep their order.

    Args:
        parts: The meshes to join.
    """
    offsets = np.cumsum([0] + [len(v) for v, _ in parts[:-1]])
    return (
        np.concatenate([v for v, _ in parts]),
        np.concatenate([f + o for (_, f), o in zip(parts, offsets, strict=True)]).astype(np.int32),
    )


def hull(points: np.ndarray) -> Mesh:
    """The convex hull of points as a closed mesh.

    Args:
        points: The points, [N, 3] metres.
    """
    convex = ConvexHull(points)
    used, faces = np.unique(convex.simplices, return_inverse=True)
    faces = faces.reshape(-1, 3)
    vertices = points[used]
    # Qhull does not orient its triangles: flip those whose normal points inwards
    cross = np.cross(vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]])
    inwards = np.einsum("ij,ij->i", cross, convex.equations[:, :3]) < 0
    faces[inwards] = faces[inwards][:, ::-1]
    return vertices, faces.astype(np.int32)


def volume_and_centroid(mesh: Mesh) -> tuple[float, np.ndarray]:
    """Volume and centre of mass of a closed mesh of uniform density.

    Args:
        mesh: The closed mesh, its triangles counter-clockwise seen from outside.

    Returns:
        The volume in cubic metres, and the centre of mass [3] in metres.
    """
    vertices, faces = mesh
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    six = np.einsum("ij,ij->i", a, np.cross(b, c))
    return float(six.sum() / 6), (six[:, None] * (a + b + c)).sum(0) / (4 * six.sum())


def corner_normals(vertices: np.ndarray, faces: np.ndarray, crease_degrees: float = 40.0) -> np.ndarray:
    """Shading normals per triangle corner: smooth across gentle edges, broken at sharp ones.

    A corner's normal is the area-weighted mean over those triangles at its vertex whose normals lie within
    `crease_degrees` of its own triangle's.

    Args:
        vertices: The vertices, [V, 3] metres.
        faces: The vertex indices of the triangles, int [F, 3].
        crease_degrees: The largest angle between normals that are averaged, degrees.

    Returns:
        The unit normals of each triangle's corners, float32 [F, 3, 3].
    """
    cross = np.cross(vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]])
    unit = cross / (np.linalg.norm(cross, axis=1, keepdims=True) + 1e-20)
    corners: list[list[int]] = [[] for _ in vertices]
    for k, face in enumerate(faces):
        for vertex in face:
            corners[vertex].append(k)
    smallest = np.cos(np.radians(crease_degrees))
    normals = np.repeat(unit[:, None], 3, axis=1)
    for k, face in enumerate(faces):
        for j, vertex in enumerate(face):
            around = np.array(corners[vertex])
            total = cross[around[unit[around] @ unit[k] > smallest]].sum(0)
            length = np.linalg.norm(total)
            if length > 0:
                normals[k, j] = total / length
    return normals.astype(np.float32)


def convex_piece(points: np.ndarray, most: int = 24) -> np.ndarray:
    """At most `most` of the points, whose hull nearly fills the hull of all of them.

    Dense hulls slow physics. Starting from the extreme points along the axes, the point that lies farthest
    outside the hull so far is added again and again.

    Args:
        points: The points, [N, 3] metres.
        most: The largest number of points to keep.

    Returns:
        The kept points, float32 [K, 3] metres with K <= most.
    """
    points = points[ConvexHull(points).vertices]
    if len(points) <= most:
        return points.astype(np.float32)
    axes = np.concatenate([np.eye(3), np.array([[1, 1, 1], [1, -1, 1], [-1, 1, 1], [1, 1, -1]]) / np.sqrt(3)])
    chosen = {int(k) for axis in axes for k in (np.argmax(points @ axis), np.argmin(points @ axis))}
    while len(chosen) < most:
        planes = ConvexHull(points[sorted(chosen)], qhull_options="QJ").equations
        outside = (points @ planes[:, :3].T + planes[:, 3]).max(axis=1)
        outside[sorted(chosen)] = -np.inf
        farthest = int(np.argmax(outside))
        if outside[farthest] < 1e-5:
            break
        chosen.add(farthest)
    return points[sorted(chosen)].astype(np.float32)
