"""Gain of logarithmic values from the film's own noise."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from calcitrack.calibrate.noise_gain import noise_gain


def _film(per_neper: float, *, quanta: float = 6000.0, electronic: float = 0.0, blur_px: float = 0.7, seed: int = 5) -> np.ndarray:
    """A wedge of 0 to 2 nepers with round objects on it, quanta blurred by the detector, read-out noise, rounded to whole values."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:700, 0:900].astype(np.float32)
    attenuation = 2 * x / 900 + 0.3 * ((y - 350) ** 2 + (x - 450) ** 2 < 150**2)
    beam = cv2.GaussianBlur(np.exp(-attenuation), (0, 0), blur_px)
    grain = cv2.GaussianBlur(rng.standard_normal(beam.shape).astype(np.float32), (0, 0), blur_px)
    signal = beam + np.sqrt(beam / quanta) * grain + electronic * rng.standard_normal(beam.shape)
    return np.round(4000 + per_neper * np.log(np.maximum(signal, 1e-4))).astype(np.float32)


@pytest.mark.parametrize("per_neper", [300.0, 1000.0, 6000.0])
def test_gain_is_found_within_its_uncertainty(per_neper: float) -> None:
    """Whatever the gain, it is recovered within 7 % and within twice its stated uncertainty."""
    film = _film(per_neper)
    gain = noise_gain(film, np.ones(film.shape, bool))
    assert gain.per_neper == pytest.approx(per_neper, rel=0.07)
    assert abs(gain.per_neper / per_neper - 1) < 2 * gain.relative_sd


@pytest.mark.parametrize("change", [{"quanta": 20000.0}, {"blur_px": 1.2}, {"electronic": 0.002}])
def test_dose_blur_and_electronic_noise_do_not_matter(change: dict[str, float]) -> None:
    """Law: another dose, another blur, some read-out noise, the same gain within 7 %."""
    film = _film(1000.0, **change)
    assert noise_gain(film, np.ones(film.shape, bool)).per_neper == pytest.approx(1000, rel=0.07)


def test_an_offset_does_not_matter() -> None:
    """Law: a constant added to all values leaves the gain as it is."""
    film = _film(1000.0)
    whole = np.ones(film.shape, bool)
    assert noise_gain(film - 8000, whole).per_neper == pytest.approx(noise_gain(film, whole).per_neper, rel=0.005)


@pytest.mark.parametrize(
    ("treat", "words"), [(lambda f: np.round(cv2.GaussianBlur(f, (0, 0), 3)), "lost in rounding"), (lambda f: f * 0 + 5, "lost")]
)
def test_film_without_noise_gives_a_reason(treat, words: str) -> None:
    """A smoothed or an empty film has no gain but a sentence that says why."""
    film = treat(_film(300.0))
    assert words in noise_gain(film, np.ones(film.shape, bool))


def test_noise_that_is_not_quantum_noise_is_refused() -> None:
    """Noise that is the same everywhere in logarithmic values says nothing of the gain."""
    rng = np.random.default_rng(2)
    film = np.round(1000 * np.linspace(0, 2, 900)[None, :] + rng.normal(0, 8, (700, 900))).astype(np.float32)
    assert isinstance(noise_gain(film, np.ones(film.shape, bool)), str)
