"""Pictures of the answer: the burden over time, and the deposits drawn onto their radiograph; the change in words. No file, no screen."""

from calcitrack.figures.overlay import overlay_image
from calcitrack.figures.timeline import timeline_figure
from calcitrack.figures.verdict import judgement_sentences
from calcitrack.figures.words import change_sentence, verdict_sentence

__all__ = ["change_sentence", "judgement_sentences", "overlay_image", "timeline_figure", "verdict_sentence"]
