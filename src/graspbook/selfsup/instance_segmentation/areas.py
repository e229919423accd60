"""What the `selfsup` paper may mean by medium and large objects (§V, Table II: AP^M and AP^L).

COCO calls an object medium from 32^2 and large from 96^2 pixels, in images whose longer side is 640. The paper quotes
the names without the numbers, for images of 640x960. We take the numbers at the height of 640 and let them shrink with
the image like every other pixel constant, so that an object stays medium in every profile.
"""

from graspbook.instances.average_precision import AREAS, Areas
from graspbook.selfsup.pixels import scaled_area


def object_areas(height: int) -> Areas:
    """COCO's ranges of an object's area in pixels of images `height` high, both ends included."""
    return {name: (scaled_area(low, height), scaled_area(high, height)) for name, (low, high) in AREAS.items()}
