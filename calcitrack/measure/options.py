"""Settings of measuring."""

from __future__ import annotations

from dataclasses import dataclass, field

from calcitrack.calibrate.spectrum import DENSITY_G_CM3
from calcitrack.errors import InvalidValueError
from calcitrack.measure.measurands import MEASURANDS, TOTALS
from calcitrack.measure.own import OwnMeasurand
from calcitrack.model.provenance import STORED_WHEN_STATED

DEFAULT_HA_CONCENTRATION_MG_CM3 = 400.0
"""HA in a calcinosis deposit, outlined as a whole: the middle, on a logarithmic scale, of 133 to 1200 mg/cm3. No published figure for it was
found. Below about 100 mg/cm3 CT calls nothing calcium (130 HU); 1200 is cortical bone, which dense stones resemble. Deposits' solid grains are denser
(2.4 to 2.7 g/cm3 against bone's 2.2; Eidelman et al., Arthritis Res Ther 11:R159, 2009), whole deposits are porous or chalky. See docs, volume."""
HA_CONCENTRATION_FACTOR = 3.0
"""The concentration lies within this factor of the assumed one, either way, when no standard uncertainty is stated."""
SOLID_HA_MG_CM3 = 1000 * DENSITY_G_CM3["hydroxyapatite"]
"""Solid hydroxyapatite."""


@dataclass(frozen=True, slots=True)
class MeasureOptions:
    """Settings of `measure`.

    Parameters
    ----------
    ha_concentration_mg_cm3
        Assumed concentration of hydroxyapatite in deposits; turns mass into volume. ``None``: no volume from mass.
    ha_concentration_sd_mg_cm3
        Its standard uncertainty. ``None``: uniform on a logarithmic scale from a third to three times the concentration.
    object_height_mm
        Assumed height of deposits above the detector, mm, where the header states neither magnification nor source-object distance: cover and
        grid take about 10 mm, half a hand another 10.
    object_height_sd_mm
        Standard uncertainty of that height, mm.
    own
        Measurands of the user's own, measured beside the program's.

    Examples
    --------
    >>> from calcitrack import MeasureOptions, measure
    >>> from calcitrack.phantom.small import small_radiograph, small_segmentation
    >>> film, outlines = small_radiograph(), small_segmentation()
    >>> thin = measure(film, outlines, MeasureOptions(ha_concentration_mg_cm3=200)).totals["volume_mm3"]
    >>> round(float(thin) / float(measure(film, outlines).totals["volume_mm3"]), 3)
    2.0
    """

    ha_concentration_mg_cm3: float | None = DEFAULT_HA_CONCENTRATION_MG_CM3
    ha_concentration_sd_mg_cm3: float | None = None
    object_height_mm: float = 20.0
    object_height_sd_mm: float = 10.0
    own: tuple[OwnMeasurand, ...] = field(default=(), repr=False, metadata=STORED_WHEN_STATED)

    def __post_init__(self) -> None:
        self._check_own()
        concentration, sd = self.ha_concentration_mg_cm3, self.ha_concentration_sd_mg_cm3
        if concentration is not None and not 0 < concentration <= SOLID_HA_MG_CM3:
            raise InvalidValueError(f"ha_concentration_mg_cm3 lies between 0 and {SOLID_HA_MG_CM3:g} (solid hydroxyapatite); found {concentration}")
        if sd is not None and not (concentration is not None and 0 <= sd < concentration):
            raise InvalidValueError(f"ha_concentration_sd_mg_cm3 lies between 0 and the concentration, {concentration}; found {sd}")
        if self.object_height_mm < 0 or self.object_height_sd_mm < 0:
            raise InvalidValueError(f"heights above the detector are not negative; found {self.object_height_mm} and {self.object_height_sd_mm}")

    def _check_own(self) -> None:
        own: object = self.own
        if not isinstance(own, tuple) or not all(isinstance(o, OwnMeasurand) for o in own):
            raise InvalidValueError(f"own is a tuple of OwnMeasurand; found {own!r}")
        names = [o.measurand.name for o in self.own]
        taken = sorted({q.name for q in (*MEASURANDS, *TOTALS)} & set(names)) or sorted({n for n in names if names.count(n) > 1})
        if taken:
            raise InvalidValueError(f"an own measurand has a name of its own; found {taken[0]}, which another one has")
