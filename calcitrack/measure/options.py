"""What a measurement may be told."""

from __future__ import annotations

from dataclasses import dataclass

from calcitrack.errors import InvalidValueError


@dataclass(frozen=True, slots=True)
class MeasureOptions:
    """Settings of `measure`.

    Parameters
    ----------
    ha_concentration_mg_cm3
        Assumed concentration of hydroxyapatite in deposits; turns mass into volume. ``None``: no volume, since none was assumed.
    object_height_mm
        Assumed height of deposits above the detector, mm, where the header states neither magnification nor source-object distance: cover and
        grid take about 10 mm, half a hand another 10.
    object_height_sd_mm
        Standard uncertainty of that height, mm.
    """

    ha_concentration_mg_cm3: float | None = None
    object_height_mm: float = 20.0
    object_height_sd_mm: float = 10.0

    def __post_init__(self) -> None:
        if self.ha_concentration_mg_cm3 is not None and not 0 < self.ha_concentration_mg_cm3 <= 3160:
            raise InvalidValueError(f"ha_concentration_mg_cm3 lies between 0 and 3160 (solid hydroxyapatite); found {self.ha_concentration_mg_cm3}")
        if self.object_height_mm < 0 or self.object_height_sd_mm < 0:
            raise InvalidValueError(f"heights above the detector are not negative; found {self.object_height_mm} and {self.object_height_sd_mm}")
