"""Figures of results: burden over time, deposits on their radiograph, two visits compared. Nothing is written or shown here."""

from calcitrack.figures.cohort import CohortFigures, cohort_figures
from calcitrack.figures.drawn import DrawnTimeline, drawn_timeline
from calcitrack.figures.overlay import overlay_image
from calcitrack.figures.pair import PairPictures, pair_pictures
from calcitrack.figures.registered import Side
from calcitrack.figures.timeline import timeline_figure
from calcitrack.reporting.change_words import change_sentences
from calcitrack.reporting.verdict_words import judgement_sentences

__all__ = [
    "CohortFigures",
    "DrawnTimeline",
    "PairPictures",
    "Side",
    "change_sentences",
    "cohort_figures",
    "drawn_timeline",
    "judgement_sentences",
    "overlay_image",
    "pair_pictures",
    "timeline_figure",
]
