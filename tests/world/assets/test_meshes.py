import numpy as np
import pytest
from scipy.spatial import ConvexHull

from graspbook.world.assets import meshes

CREASES = np.array([[0.3, 0.1, 0.1, 0.2, 1], [1.9, -0.4, 0.1, 0.2, -1]])
SOLIDS = {
    "box": meshes.box(np.array([0.05, 0.03, 0.01])),
    "lathe": meshes.lathe(np.array([(0.02, -0.05), (0.03, 0.0), (0.01, 0.04)]), 16),
    "pillow": meshes.pillow(np.array([0.06, 0.04, 0.015]), 0.4, CREASES, (0.1, 1.0), 0.2, (12, 9)),
    "hull": meshes.hull(np.random.default_rng(0).normal(size=(40, 3))),
}


@pytest.mark.parametrize("name", SOLIDS)
def test_solids_are_closed_and_face_outwards(name):
    vertices, faces = SOLIDS[name]
    edges = {(int(a), int(b)) for face in faces for a, b in zip(face, np.roll(face, -1), strict=True)}
    assert len(edges) == 3 * len(faces)
    assert all((b, a) in edges for a, b in edges)
    assert meshes.volume_and_centroid((vertices, faces))[0] > 0


def test_volume_and_centroid_of_a_shifted_box():
    vertices, faces = meshes.box(np.array([1.0, 2.0, 3.0]))
    volume, centroid = meshes.volume_and_centroid((vertices + np.array([5, -1, 2]), faces))
    assert volume == pytest.approx(48)
    np.testing.assert_allclose(centroid, [5, -1, 2])


def test_a_lathed_cylinder_approaches_the_formula():
    cylinder = meshes.lathe(np.array([(2.0, -1.0), (2.0, 1.0)]), 400)
    assert meshes.volume_and_centroid(cylinder)[0] == pytest.approx(8 * np.pi, rel=1e-3)


def test_a_creased_pillow_differs_only_where_it_is_creased():
    arguments = np.array([0.06, 0.04, 0.015]), 0.4
    upper = meshes.pillow(*arguments, CREASES[:1], (0, 0), 0, (12, 9))[0]
    smooth = meshes.pillow(*arguments, CREASES[:0], (0, 0), 0, (12, 9))[0]
    changed = np.abs(upper - smooth).max(axis=1) > 1e-6
    assert changed.any()
    assert (smooth[changed, 2] > 0).all()


def naive_corner_normals(vertices, faces, degrees):
    cross = [np.cross(vertices[b] - vertices[a], vertices[c] - vertices[a]) for a, b, c in faces]
    out = np.zeros((len(faces), 3, 3))
    for k, face in enumerate(faces):
        for j, vertex in enumerate(face):
            for other, other_face in enumerate(faces):
                if vertex in other_face:
                    cosine = cross[k] @ cross[other] / np.linalg.norm(cross[k]) / np.linalg.norm(cross[other])
                    if cosine > np.cos(np.radians(degrees)):
                        out[k, j] += cross[other]
            out[k, j] /= np.linalg.norm(out[k, j])
    return out


@pytest.mark.parametrize("degrees", [5, 40, 80])
def test_corner_normals_equal_a_naive_loop(degrees):
    vertices, faces = SOLIDS["hull"]
    normals = meshes.corner_normals(vertices, faces, degrees)
    np.testing.assert_allclose(normals, naive_corner_normals(vertices, faces, degrees), atol=1e-6)


def test_a_box_keeps_flat_faces():
    vertices, faces = SOLIDS["box"]
    normals = meshes.corner_normals(vertices, faces)
    assert np.allclose(np.abs(normals).max(axis=-1), 1)
    assert np.allclose(normals, normals[:, :1])


def test_convex_pieces_are_few_cornered_subsets_that_nearly_fill_the_hull():
    points = np.random.default_rng(1).normal(size=(300, 3))
    piece = meshes.convex_piece(points)
    assert len(piece) <= 24
    assert piece.dtype == np.float32
    assert all((np.abs(points - corner).max(axis=1) < 1e-6).any() for corner in piece)
    assert ConvexHull(piece).volume > 0.75 * ConvexHull(points).volume
    assert len(meshes.convex_piece(SOLIDS["box"][0])) == 8


def test_obj_groups_become_parts_and_polygons_fans():
    text = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv 0 0 1\no a\nf 1 2 3 4\n# note\n\no b\nf 1/2/3 2 5\n"
    (first, quad), (second, triangle) = meshes.parse_obj(text, 2.0)
    np.testing.assert_array_equal(quad, [[0, 1, 2], [0, 2, 3]])
    np.testing.assert_array_equal(first[2], [2, 2, 0])
    assert second.shape == (3, 3)
    assert triangle.shape == (1, 3)
    vertices, faces = meshes.join([(first, quad), (second, triangle)])
    np.testing.assert_array_equal(vertices[faces[2]], second[triangle[0]])
