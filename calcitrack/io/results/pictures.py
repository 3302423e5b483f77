"""Pictures of a results folder: their names, and how they are written. The pixels of each film are read again, one film after the other."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from matplotlib.figure import Figure
from PIL import Image

from calcitrack.figures import Side, overlay_image, pair_pictures
from calcitrack.figures.outlines import RgbImage
from calcitrack.io.results.folder import StagedFolder
from calcitrack.model.assessment import Assessment, ImageAssessment
from calcitrack.model.image import Radiograph

FAST_PNG = 1
"""zlib level of pictures of films: four times as fast as the default, and the files grow by a tenth."""
FILMS_AT_HAND = 3
"""Films kept in memory: that of the visit before, its repeat, and the one that is drawn now."""


class Films:
    """Pixels of the last few films, so that a film used in several pictures is read once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, Radiograph] = OrderedDict()

    def of(self, image: ImageAssessment) -> Radiograph:
        """The pixels of one image.

        Raises
        ------
        ReadError
            The file cannot be read any more.
        """
        film = self._kept.pop(id(image), None) or image.exposure.radiograph()
        self._kept[id(image)] = film
        while len(self._kept) > FILMS_AT_HAND:
            self._kept.popitem(last=False)
        return film


def overlay_name(image: ImageAssessment) -> str:
    """File name of an image's overlay."""
    repeat = f"_repeat{image.repeat}" if image.repeat else ""
    return f"{image.time_point:02d}_{_day(image)}{repeat}_overlay.png"


def pair_names(earlier: ImageAssessment, later: ImageAssessment) -> tuple[str, str]:
    """File names of the pictures of two visits: side by side, and difference."""
    stem = f"{earlier.time_point:02d}-{later.time_point:02d}_{_day(earlier)}_{_day(later)}"
    return f"{stem}_pair.png", f"{stem}_difference.png"


def _day(image: ImageAssessment) -> str:
    facts = image.exposure.acquisition
    return facts.acquisition_time.date().isoformat() if facts.acquisition_time else "undated"


def shown_of_each_visit(assessment: Assessment) -> list[ImageAssessment]:
    """One image for each time point that has any, in order: the first one that is registered, else the first."""
    by_time: dict[int, list[ImageAssessment]] = {}
    for image in assessment.images:
        by_time.setdefault(image.time_point, []).append(image)
    return [_best(by_time[k]) for k in sorted(by_time)]


def _best(images: Sequence[ImageAssessment]) -> ImageAssessment:
    return next((i for i in images if i.alignment is None or i.alignment.ok), images[0])


def write_overlay(folder: StagedFolder, name: str, assessment: Assessment, image: ImageAssessment, films: Films) -> None:
    """The deposits outlined on one film."""
    _save(folder, name, overlay_image(films.of(image), image, assessment.key))


def write_pair(
    folder: StagedFolder, names: tuple[str, str], assessment: Assessment, images: tuple[ImageAssessment, ImageAssessment], films: Films
) -> None:
    """Two visits side by side, and their difference."""
    earlier, later = (Side(films.of(i), i) for i in images)
    pictures = pair_pictures(assessment, earlier, later)
    for name, picture in zip(names, (pictures.side_by_side, pictures.difference), strict=True):
        _save(folder, name, picture)


def _save(folder: StagedFolder, name: str, picture: RgbImage) -> None:
    Image.fromarray(picture).save(folder.path(name), format="PNG", compress_level=FAST_PNG)


def write_figure(folder: StagedFolder, name: str, figure: Figure) -> None:
    """A figure as a picture and as a drawing for print; the same bytes on every run.

    Parameters
    ----------
    name
        Without its ending.
    """
    figure.savefig(folder.path(f"{name}.png"), metadata={"Software": "calcitrack"})
    figure.savefig(folder.path(f"{name}.pdf"), metadata={"Creator": "calcitrack", "CreationDate": None})
