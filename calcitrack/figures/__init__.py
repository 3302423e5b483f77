"""Pictures of the answer: the burden over time, and the deposits drawn onto their radiograph. No file, no screen."""

from calcitrack.figures.overlay import overlay_image
from calcitrack.figures.timeline import timeline_figure

__all__ = ["overlay_image", "timeline_figure"]
