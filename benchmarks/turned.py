"""The same pixels laid down in four ways, and as a mirror image: how far deposits, area and mass differ.

    OMP_NUM_THREADS=1 python -m benchmarks.turned [--seeds 12]

Simulated films of hands, elbows, knees and feet in turn. A film that is only turned has to give the same; a mirrored one may not, since hands are
not symmetric and networks are not either.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from calcitrack import Radiograph, Segmentation, calibrate, measure, segment
from calcitrack.model.image import FloatImage
from calcitrack.model.measurement import Measurement
from calcitrack.phantom.film import film as simulate_film
from calcitrack.phantom.population import Exposures, Population
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.specs import BodyPart, Style

FILMS = Exposures(style=Style.LIN, pitch_mm=(0.15, 0.2))
WAYS: dict[str, Callable[[FloatImage], FloatImage]] = {
    **{f"turned by {90 * k}": partial(np.rot90, k=k) for k in (1, 2, 3)},
    "mirrored": lambda image: image[:, ::-1],
}
TOTALS = ("area_mm2", "ha_mass_mg")


def outcome(film: Radiograph) -> tuple[Segmentation, dict[str, float]]:
    """Deposits, and total area and mass, of a film."""
    calibrated = calibrate(film)
    found = segment(calibrated)
    totals = measure(calibrated, found).totals
    return found, {name: float(t) for name in TOTALS if isinstance(t := totals[name], Measurement)}


def main() -> None:
    """Lay each film down in every way and print the greatest and the median differences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=12)
    parts = tuple(BodyPart)
    same = dict.fromkeys(WAYS, 0)
    changes: dict[tuple[str, str], list[float]] = {(way, name): [] for way in WAYS for name in TOTALS}
    count = parser.parse_args().seeds
    for seed in range(count):
        film = as_radiograph(simulate_film(7000 + seed, Population(body_part=parts[seed % len(parts)], burden="moderate"), FILMS))
        before, totals = outcome(film)
        for way, laid in WAYS.items():
            row_mm, column_mm = film.spacing.row_mm, film.spacing.column_mm
            sides = (column_mm, row_mm) if laid(film.pixels).shape != film.shape else (row_mm, column_mm)
            spacing = replace(film.spacing, row_mm=sides[0], column_mm=sides[1])
            after, changed = outcome(replace(film, pixels=laid(film.pixels), valid=laid(film.valid_mask), spacing=spacing))
            same[way] += bool(np.array_equal(laid(before.labels), after.labels))
            for name in TOTALS:
                if totals.get(name):
                    changes[way, name].append(abs(changed[name] / totals[name] - 1))
    print("| laid down | labels the same | area: median, greatest change | mass: median, greatest change |\n|---|---|---|---|")
    for way in WAYS:
        cells = [f"{np.median(changes[way, n]):.1e}, {max(changes[way, n]):.1e}" for n in TOTALS]
        print(f"| {way} | {same[way]} of {count} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
