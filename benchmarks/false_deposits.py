"""What is found on films that show no calcinosis: all of it is false.

    python benchmarks/false_deposits.py FOLDER [--overlays DIR]

Reads every radiograph and picture of the folder, whether or not it could be placed on a timeline. ``--overlays`` writes each film with what was
outlined on it into another folder, as PNG: where the false deposits lie is seen there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

from calcitrack import ReadError, assess, read_radiograph
from calcitrack.figures import overlay_image
from calcitrack.model.assessment import ImageAssessment
from calcitrack.model.display import counted
from calcitrack.model.image import Radiograph
from calcitrack.model.timeline import Exposure, Timeline, TimelineKey, TimePoint


def assessed(film: Radiograph, key: TimelineKey) -> ImageAssessment:
    """What the program finds on a film that stands alone."""
    timeline = Timeline(key, (TimePoint(1, film.acquisition.study_date, (Exposure.of(film),)),))
    return assess(timeline).images[0]


def main() -> None:
    """Count, draw and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--overlays", type=Path)
    arguments = parser.parse_args()
    if arguments.overlays is not None:
        arguments.overlays.mkdir(parents=True, exist_ok=True)
    counts = []
    for path in sorted(p for p in arguments.folder.iterdir() if p.is_file()):
        try:
            film = read_radiograph(path)
        except ReadError as error:
            print(f"{path.name}: {error}")
            continue
        key = TimelineKey(path.name, film.acquisition.body_part_examined, film.acquisition.laterality, film.acquisition.view_position)
        image = assessed(film, key)
        counts.append(len(image.deposits))
        print(f"{path.name:<40}{counts[-1]:>5}")
        if arguments.overlays is not None:
            Image.fromarray(overlay_image(film, image, key)).save(arguments.overlays / f"{path.name}.png")
    print(f"{counted(len(counts), 'film')}, {counted(sum(counts), 'deposit')}, {sum(counts) / max(1, len(counts)):.1f} a film")


if __name__ == "__main__":
    main()
