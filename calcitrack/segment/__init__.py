"""Image -> Segmentation: limb and bone, then deposits in soft tissue."""

from calcitrack.segment.options import Method, SegmentOptions
from calcitrack.segment.radiograph import segment
from calcitrack.segment.recipe import recipe

__all__ = ["Method", "SegmentOptions", "recipe", "segment"]
