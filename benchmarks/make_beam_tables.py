"""Write the beam tables that calcitrack ships: tube spectra from spekpy, mass attenuation coefficients from xraydb.

    python benchmarks/make_beam_tables.py

Both packages are MIT-licensed and needed only here, not at run time (dependency group ``beams``). Spectra: tungsten anode at 12
degrees, Poludniowski et al., Med Phys 48:3630 (2021). Coefficients: Elam, Ravel and Sieber, Radiat Phys Chem 63:121 (2002), total
with coherent scattering; mixtures by mass fraction from ICRU report 44 (1989).
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import numpy as np
import spekpy
import xraydb

OUT = Path(__file__).parents[1] / "calcitrack" / "calibrate" / "data" / "beam_tables.npz"

KVP = np.arange(40, 101)
"""Tube voltages of the table, kV."""
ENERGIES_KEV = np.arange(10.5, 100.0, 1.0)
"""Centres of the 1 keV bins."""
ANODE_ANGLE_DEG = 12.0

FORMULAS = {
    "hydroxyapatite": "Ca5P3O13H",
    "aluminium": "Al",
    "caesium_iodide": "CsI",
    "water": "H2O",
    "steel": "Fe",
    "titanium": "Ti",
    "gold": "Au",
    "silver": "Ag",
    "lead": "Pb",
    "copper": "Cu",
    "gypsum": "CaSO4H4O2",
    "polyethylene": "CH2",
}
"""Pure compounds; steel stands for its iron, plaster for its gypsum."""

MIXTURES = {
    # Mass fractions, ICRU report 44, table 4.5 (soft tissue) and appendix A (adipose tissue, skeletal muscle, cortical bone).
    "soft_tissue": {"H": 0.102, "C": 0.143, "N": 0.034, "O": 0.708, "Na": 0.002, "P": 0.003, "S": 0.003, "Cl": 0.002, "K": 0.003},
    "adipose": {"H": 0.114, "C": 0.598, "N": 0.007, "O": 0.278, "Na": 0.001, "S": 0.001, "Cl": 0.001},
    "muscle": {"H": 0.102, "C": 0.143, "N": 0.034, "O": 0.710, "Na": 0.001, "P": 0.002, "S": 0.003, "Cl": 0.001, "K": 0.004},
    "cortical_bone": {"H": 0.034, "C": 0.155, "N": 0.042, "O": 0.435, "Na": 0.001, "Mg": 0.002, "P": 0.103, "S": 0.003, "Ca": 0.225},
}


def compound(formula: str) -> np.ndarray:
    """Mass attenuation of a chemical formula at `ENERGIES_KEV`, cm2/g."""
    return np.asarray(xraydb.material_mu(formula, ENERGIES_KEV * 1000, density=1.0, kind="total"))


def mixture(fractions: dict[str, float]) -> np.ndarray:
    """Mass attenuation of a mixture of elements, cm2/g."""
    total = sum(fractions.values())
    return sum(f / total * np.asarray(xraydb.mu_elam(e, ENERGIES_KEV * 1000)) for e, f in fractions.items())


def spectrum(kvp: float) -> np.ndarray:
    """Photon fluence in each bin without added filter."""
    spek = spekpy.Spek(kvp=float(kvp), th=ANODE_ANGLE_DEG, dk=0.25)
    energy, fluence = spek.get_spectrum(edges=False)
    edges = np.append(ENERGIES_KEV - 0.5, ENERGIES_KEV[-1] + 0.5)
    return np.histogram(energy, bins=edges, weights=fluence * 0.25)[0]


def main() -> None:
    """Write the table."""
    names = sorted([*FORMULAS, *MIXTURES])
    mu = np.stack([compound(FORMULAS[n]) if n in FORMULAS else mixture(MIXTURES[n]) for n in names])
    fluence = np.stack([spectrum(k) for k in KVP])
    hardened = fluence * np.exp(-mu[names.index("aluminium")] * 2.699 * 0.1)
    fluence = fluence / hardened.sum(axis=1, keepdims=True)
    origin = f"spekpy {version('spekpy')}, xraydb {version('xraydb')}; W anode {ANODE_ANGLE_DEG} deg, no added filter"
    OUT.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        OUT, kvp=KVP, energies_kev=ENERGIES_KEV, fluence=fluence.astype(np.float32), materials=np.array(names), mu_cm2_g=mu, origin=origin
    )
    print(f"{OUT}: {OUT.stat().st_size / 1024:.0f} KiB, {len(KVP)} voltages, {len(names)} materials, {origin}")


if __name__ == "__main__":
    main()
