"""The program's precision profile: how well burdens repeat on simulated films. A table and nothing else; a command makes it.

Printed by ``python -m benchmarks.precision_profile --people 120 --seed 1`` and pasted here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calcitrack.errors import InvalidValueError


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """Spread of one measurand between two visits of an unchanged limb.

    Parameters
    ----------
    sizes
        Burdens, ascending, in the measurand's unit.
    log_sds
        Standard deviation of the natural logarithm of an ordinary exposure at each size; between them along the logarithm of the size, beyond
        them as at the end.
    bad_shares
        How often an exposure goes wrong at each size.
    bad_log_sd
        Standard deviation of the logarithm that this adds.
    pairs
        Repeated measurements it rests on.
    """

    sizes: tuple[float, ...]
    log_sds: tuple[float, ...]
    bad_shares: tuple[float, ...]
    bad_log_sd: float
    pairs: int

    def __post_init__(self) -> None:
        if not len(self.sizes) == len(self.log_sds) == len(self.bad_shares) or list(self.sizes) != sorted(set(self.sizes)) or min(self.sizes) <= 0:
            raise InvalidValueError(f"a profile has one spread for each of its ascending sizes; found {self.sizes} and {self.log_sds}")
        if min(self.log_sds) <= 0 or min(self.bad_shares) < 0 or max(self.bad_shares) >= 1 or self.bad_log_sd < 0:
            raise InvalidValueError("spreads are positive and the share of bad exposures is below 1; measure the profile again")


PROFILE: Mapping[tuple[str, str], ProfileRow] = {
    ("total", "area_mm2"): ProfileRow(
        sizes=(2.2, 33.2, 84.8, 189.2, 366.7),
        log_sds=(1.0, 0.397, 0.274, 0.2, 0.154),
        bad_shares=(0.3, 0.077, 0.03, 0.014, 0.007),
        bad_log_sd=1.2,
        pairs=119,
    ),
    ("total", "ha_mass_mg"): ProfileRow(
        sizes=(1.3, 28.3, 148.9, 394.6, 1047.3),
        log_sds=(1.0, 0.732, 0.348, 0.224, 0.145),
        bad_shares=(0.3, 0.162, 0.102, 0.077, 0.059),
        bad_log_sd=1.2,
        pairs=93,
    ),
    ("total", "volume_mm3"): ProfileRow(
        sizes=(3.2, 70.8, 372.2, 986.5, 2618.2),
        log_sds=(1.0, 0.732, 0.348, 0.224, 0.145),
        bad_shares=(0.3, 0.162, 0.102, 0.077, 0.059),
        bad_log_sd=1.2,
        pairs=93,
    ),
    ("total", "deposit_count"): ProfileRow(
        sizes=(1.0, 2.9, 5.0, 8.9, 15.0), log_sds=(0.551, 0.324, 0.246, 0.185, 0.142), bad_shares=(0.0, 0.0, 0.0, 0.0, 0.0), bad_log_sd=0.8, pairs=119
    ),
    ("deposit", "area_mm2"): ProfileRow(
        sizes=(1.5, 3.9, 10.8, 27.5, 81.2),
        log_sds=(0.132, 0.111, 0.092, 0.077, 0.063),
        bad_shares=(0.165, 0.165, 0.165, 0.165, 0.165),
        bad_log_sd=0.898,
        pairs=536,
    ),
    ("deposit", "ha_mass_mg"): ProfileRow(
        sizes=(0.6, 2.2, 8.6, 32.3, 210.8),
        log_sds=(0.178, 0.165, 0.153, 0.141, 0.127),
        bad_shares=(0.226, 0.218, 0.209, 0.201, 0.191),
        bad_log_sd=1.2,
        pairs=429,
    ),
    ("deposit", "volume_mm3"): ProfileRow(
        sizes=(1.5, 5.5, 21.5, 80.7, 527.0),
        log_sds=(0.178, 0.165, 0.153, 0.141, 0.127),
        bad_shares=(0.226, 0.218, 0.209, 0.201, 0.191),
        bad_log_sd=1.2,
        pairs=429,
    ),
}
"""(subject, measurand) -> profile. Volumes follow from masses by one concentration (400 mg/cm3), and repeat as they do."""
