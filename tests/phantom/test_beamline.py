"""The simulated beam against full sums and published scatter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcitrack.calibrate.spectrum import beam, mass_attenuation
from calcitrack.phantom.beamline import Load, detect, primary, scatter
from calcitrack.phantom.specs import BeamSpec, DetectorSpec, Style

BEAM = BeamSpec(kvp=55.0, filter_mm_al=2.5)


def image(value: float, shape: tuple[int, int] = (20, 20)) -> np.ndarray:
    """An even field."""
    return np.full(shape, value, np.float32)


@pytest.mark.parametrize(("soft", "ha"), [(0.0, 0.0), (2.0, 0.0), (2.0, 0.4), (6.0, 1.5), (0.5, 1.2)])
@pytest.mark.parametrize("kvp", [45.0, 55.0, 70.0])
def test_energy_groups_agree_with_the_full_sum(kvp: float, soft: float, ha: float) -> None:
    """Log attenuation from energy groups agrees with the sum over all energies within 0.01, or 1 %."""
    spec = replace(BEAM, kvp=kvp)
    signal = primary(Load(soft=image(soft), fat=image(0.0), ha=image(ha)), spec)[0, 0]
    full = beam(kvp, 2.5)
    mu = mass_attenuation("soft_tissue") * soft + mass_attenuation("hydroxyapatite") * ha
    assert -np.log(signal) == pytest.approx(-np.log((full.weights * np.exp(-mu)).sum()), rel=0.01, abs=0.01)


@pytest.mark.parametrize(("thickness_mm", "width_mm", "expected"), [(15, 17, 0.08), (28, 85, 0.20), (62, 85, 0.41), (112, 120, 0.75)])
def test_scatter_to_primary_of_body_parts(thickness_mm: float, width_mm: float, expected: float) -> None:
    """In the middle of a long slab of a finger's, palm's, elbow's or knee's size scatter to primary is the published one within 0.06."""
    pitch = 0.5
    columns = int(260 / pitch)
    x = (np.arange(columns) - columns / 2) * pitch
    tissue = np.tile(np.where(np.abs(x) < width_mm / 2, thickness_mm, 0).astype(np.float32), (400, 1))
    load = Load(soft=tissue / 10 * np.float32(1.06), fat=np.zeros_like(tissue), ha=np.zeros_like(tissue))
    straight = primary(load, BEAM)
    scattered = scatter(straight, tissue, pitch, 1.0)
    assert scattered[200, columns // 2] / straight[200, columns // 2] == pytest.approx(expected, abs=0.06)


def test_noise_falls_with_the_dose() -> None:
    """Four times the quanta halve the relative noise, and its size is that of counting them."""
    detector = DetectorSpec(style=Style.LIN, blur_mm=0.02, electronic=0.0)
    sds = []
    for quanta in (1e5, 4e5):
        spec = replace(BEAM, quanta_per_mm2=quanta)
        noisy = detect(image(1.0, (300, 300)), spec, detector, 0.2, np.random.default_rng(1))
        sds.append(float(noisy.std()))
    assert sds[0] == pytest.approx(1 / np.sqrt(1e5 * 0.04), rel=0.03)
    assert sds[0] / sds[1] == pytest.approx(2.0, rel=0.03)
