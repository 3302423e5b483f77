"""Follow-up image onto baseline: coarse similarity, then each bone, with a verdict on whether to rely on it."""

from calcitrack.register.acceptance import AlignOptions
from calcitrack.register.scene import Scene, see

__all__ = ["AlignOptions", "Scene", "see"]
