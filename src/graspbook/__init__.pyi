from graspbook.core.errors import InputError as InputError
from graspbook.don.find import find_point as find_point
from graspbook.joint.scene import segment_scene as segment_scene
from graspbook.latent.segment import segment_instances as segment_instances
from graspbook.mlgsl.plan import plan_grasps as plan_grasps
from graspbook.pipeline.models import load as load
from graspbook.selfsup.grasp import segment_grasp as segment_grasp
