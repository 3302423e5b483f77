"""Image -> Segmentation: limb and bone, then deposits in soft tissue."""

from calcitrack.segment.options import Method, SegmentOptions
from calcitrack.segment.radiograph import segment

__all__ = ["Method", "SegmentOptions", "segment"]
