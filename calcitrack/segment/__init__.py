"""Image -> Segmentation: limb and bone, then deposits in soft tissue."""

from calcitrack.segment.options import Method, SegmentOptions
from calcitrack.segment.radiograph import candidates, segment, sure
from calcitrack.segment.recipe import recipe

__all__ = ["Method", "SegmentOptions", "candidates", "recipe", "segment", "sure"]
