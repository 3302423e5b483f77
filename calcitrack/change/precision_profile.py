"""The program's precision profile: how well burdens repeat on simulated films. This module is a generated table.

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
        sizes=(2.7, 30.9, 97.9, 211.8, 399.1),
        log_sds=(0.304, 0.201, 0.165, 0.144, 0.13),
        bad_shares=(0.3, 0.092, 0.046, 0.029, 0.02),
        bad_log_sd=1.2,
        pairs=119,
    ),
    ("total", "ha_mass_mg"): ProfileRow(
        sizes=(1.1, 33.2, 134.2, 376.1, 939.9),
        log_sds=(0.135, 0.135, 0.135, 0.135, 0.135),
        bad_shares=(0.3, 0.186, 0.146, 0.123, 0.105),
        bad_log_sd=1.2,
        pairs=92,
    ),
    ("total", "volume_mm3"): ProfileRow(
        sizes=(2.8, 83.0, 335.5, 940.2, 2349.8),
        log_sds=(0.135, 0.135, 0.135, 0.135, 0.135),
        bad_shares=(0.3, 0.186, 0.146, 0.123, 0.105),
        bad_log_sd=1.2,
        pairs=92,
    ),
    ("total", "deposit_count"): ProfileRow(
        sizes=(1.0, 2.6, 5.5, 10.0, 16.9),
        log_sds=(0.462, 0.286, 0.197, 0.146, 0.112),
        bad_shares=(0.0, 0.0, 0.0, 0.0, 0.0),
        bad_log_sd=0.8,
        pairs=119,
    ),
    ("deposit", "area_mm2"): ProfileRow(
        sizes=(1.1, 2.5, 8.0, 22.9, 75.7),
        log_sds=(0.118, 0.097, 0.074, 0.058, 0.044),
        bad_shares=(0.23, 0.219, 0.204, 0.192, 0.179),
        bad_log_sd=0.763,
        pairs=632,
    ),
    ("deposit", "ha_mass_mg"): ProfileRow(
        sizes=(0.5, 1.4, 5.5, 23.2, 155.3),
        log_sds=(0.25, 0.209, 0.166, 0.129, 0.093),
        bad_shares=(0.225, 0.209, 0.189, 0.17, 0.148),
        bad_log_sd=1.2,
        pairs=533,
    ),
    ("deposit", "volume_mm3"): ProfileRow(
        sizes=(1.2, 3.5, 13.8, 58.0, 388.2),
        log_sds=(0.25, 0.209, 0.166, 0.129, 0.093),
        bad_shares=(0.225, 0.209, 0.189, 0.17, 0.148),
        bad_log_sd=1.2,
        pairs=533,
    ),
}
"""(subject, measurand) -> profile. Volumes follow from masses by one concentration (400 mg/cm3), and repeat as they do."""
