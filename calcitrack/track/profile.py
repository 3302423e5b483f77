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
        sizes=(3.2, 31.5, 87.5, 183.3, 369.7),
        log_sds=(0.468, 0.261, 0.201, 0.166, 0.139),
        bad_shares=(0.3, 0.12, 0.043, 0.021, 0.01),
        bad_log_sd=1.2,
        pairs=119,
    ),
    ("total", "ha_mass_mg"): ProfileRow(
        sizes=(1.6, 33.1, 120.7, 347.6, 960.9),
        log_sds=(1.0, 0.395, 0.254, 0.177, 0.125),
        bad_shares=(0.3, 0.254, 0.139, 0.085, 0.053),
        bad_log_sd=1.2,
        pairs=93,
    ),
    ("total", "volume_mm3"): ProfileRow(
        sizes=(4.0, 82.8, 301.8, 869.0, 2402.2),
        log_sds=(1.0, 0.395, 0.254, 0.177, 0.125),
        bad_shares=(0.3, 0.254, 0.139, 0.085, 0.053),
        bad_log_sd=1.2,
        pairs=93,
    ),
    ("total", "deposit_count"): ProfileRow(
        sizes=(1.4, 3.0, 5.5, 10.0, 17.5),
        log_sds=(0.401, 0.283, 0.214, 0.163, 0.126),
        bad_shares=(0.0, 0.0, 0.0, 0.0, 0.0),
        bad_log_sd=0.8,
        pairs=119,
    ),
    ("deposit", "area_mm2"): ProfileRow(
        sizes=(1.1, 2.4, 7.9, 21.9, 67.5),
        log_sds=(0.116, 0.102, 0.085, 0.072, 0.061),
        bad_shares=(0.3, 0.3, 0.278, 0.167, 0.095),
        bad_log_sd=0.868,
        pairs=570,
    ),
    ("deposit", "ha_mass_mg"): ProfileRow(
        sizes=(0.5, 1.4, 5.9, 23.2, 152.3),
        log_sds=(0.231, 0.202, 0.168, 0.141, 0.111),
        bad_shares=(0.226, 0.206, 0.181, 0.161, 0.136),
        bad_log_sd=1.2,
        pairs=473,
    ),
    ("deposit", "volume_mm3"): ProfileRow(
        sizes=(1.2, 3.5, 14.8, 58.0, 380.8),
        log_sds=(0.231, 0.202, 0.168, 0.141, 0.111),
        bad_shares=(0.226, 0.206, 0.181, 0.161, 0.136),
        bad_log_sd=1.2,
        pairs=473,
    ),
}
"""(subject, measurand) -> profile. Volumes follow from masses by one concentration (400 mg/cm3), and repeat as they do."""
