"""Volume of deposits from their hydroxyapatite mass and an assumed concentration."""

from __future__ import annotations

import numpy as np

from calcitrack.measure.mass import Amount
from calcitrack.measure.measurands import VOLUME_MM3
from calcitrack.measure.options import DEFAULT_HA_CONCENTRATION_MG_CM3, HA_CONCENTRATION_FACTOR, SOLID_HA_MG_CM3, MeasureOptions
from calcitrack.model.measurement import Measurement, NotMeasurable, Result

NO_CONCENTRATION = "no hydroxyapatite concentration is assumed (option ha_concentration_mg_cm3)"


def volume_from_mass(ha_mg: Amount, options: MeasureOptions) -> Result:
    """Volume, mm3: mass over the assumed concentration.

    Its relative standard uncertainty combines the mass's and the concentration's in squares (JCGM 100:2008, 5.1.2). The concentration's is the
    stated one over the concentration; where none is stated, the concentration is equally likely at every value of its range on a logarithmic
    scale, so that its logarithm has the standard uncertainty ln(high / low) / sqrt(12) (4.3.7), 63 % for a factor of three either way.
    """
    concentration, sd = options.ha_concentration_mg_cm3, options.ha_concentration_sd_mg_cm3
    if concentration is None:
        return NotMeasurable(VOLUME_MM3, NO_CONCENTRATION)
    low, high = concentration_range(options)
    if sd is None:
        relative, doubt = float(np.log(high / low) / np.sqrt(12)), f"{low:.0f} to {high:.0f}"
    else:
        relative, doubt = sd / concentration, f"standard uncertainty {sd:g}"
    mm3_per_mg = 1000 / concentration
    volume = ha_mg.value * mm3_per_mg
    model = f"HA mass over an assumed concentration of {concentration:g} mg/cm3 ({doubt})"
    return Measurement(VOLUME_MM3, volume, float(np.hypot(ha_mg.sd * mm3_per_mg, relative * volume)), model)


def concentration_range(options: MeasureOptions) -> tuple[float, float]:
    """Lowest and highest concentration that a deposit may have, mg/cm3: two standard uncertainties either way where one is stated.

    Examples
    --------
    >>> from calcitrack import MeasureOptions
    >>> [round(end) for end in concentration_range(MeasureOptions(ha_concentration_mg_cm3=400, ha_concentration_sd_mg_cm3=50))]
    [300, 500]
    """
    concentration = options.ha_concentration_mg_cm3 or DEFAULT_HA_CONCENTRATION_MG_CM3
    sd = options.ha_concentration_sd_mg_cm3
    if sd is not None:
        return max(0.0, concentration - 2 * sd), min(concentration + 2 * sd, SOLID_HA_MG_CM3)
    return concentration / HA_CONCENTRATION_FACTOR, min(concentration * HA_CONCENTRATION_FACTOR, SOLID_HA_MG_CM3)
