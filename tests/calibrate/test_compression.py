"""Heavy lossy compression is seen in the picture, and takes a film its tier."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from calcitrack import calibrate
from calcitrack.calibrate.compression import VISIBLE_BLOCKS, blockiness
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.film_quality import FilmProblem
from calcitrack.model.image import Acquisition, FloatImage, Radiograph
from calcitrack.model.spacing import Spacing

ROWS, COLUMNS = 400, 500


def counts(noise: float = 3.0) -> FloatImage:
    """A rod in a beam of 8 bits, with noise."""
    y, x = np.mgrid[:ROWS, :COLUMNS]
    depth = np.sqrt(np.maximum(1 - ((x - 250) / 120) ** 2, 0)) * (1 + 0.1 * np.sin(y / 9))
    return np.asarray(220 * np.exp(-depth) + np.random.default_rng(3).normal(0, noise, (ROWS, COLUMNS)), np.float32)


def jpeg(values: FloatImage, quality: int) -> FloatImage:
    """The picture after a JPEG of this quality."""
    stream = io.BytesIO()
    Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream), np.float32)


def film(values: FloatImage) -> Radiograph:
    """A film FOR PROCESSING, linear, of these counts."""
    calibration = Calibration(Tier.A, Relationship.LIN, -1, "FOR PROCESSING with LIN stated")
    return Radiograph(pixels=-values, spacing=Spacing.uncalibrated(), acquisition=Acquisition(kvp=55.0), calibration=calibration)


@pytest.mark.parametrize("quality", [40, 60, 75])
def test_a_jpeg_loses_its_tier(quality: int) -> None:
    """Tier A as its header has it becomes tier C, with the doubt and the reason."""
    radiograph = calibrate(film(jpeg(counts(), quality)))
    assert radiograph.calibration.tier is Tier.C
    assert [d.problem for d in radiograph.doubts] == [FilmProblem.LOSSY]
    assert "lossy" in radiograph.calibration.reason


def test_a_jpeg_that_was_cropped_and_turned_is_told_too() -> None:
    """Blocks are found wherever they begin."""
    assert blockiness(jpeg(counts(), 60)[3:, 5:].T[::-1]) > VISIBLE_BLOCKS


@pytest.mark.parametrize("noise", [0.0, 0.5, 3.0])
def test_a_film_without_compression_keeps_its_tier(noise: float) -> None:
    """Also in 8 bits, and where grey levels are few."""
    for values in (counts(noise), np.round(counts(noise)).astype(np.float32)):
        radiograph = film(values)
        assert calibrate(radiograph) is radiograph


def test_letters_and_blades_are_no_blocks() -> None:
    """Straight edges at multiples of 8 pixels do not look like blocks."""
    values = counts()
    values[:, 64:72], values[80:88, :], values[:40] = 255, 255, 0
    assert blockiness(values) < VISIBLE_BLOCKS


def test_tier_c_keeps_its_own_polarity() -> None:
    """What is dense stays dense."""
    radiograph = film(jpeg(counts(), 60))
    turned = replace(radiograph.calibration, polarity=1)
    assert calibrate(replace(radiograph, calibration=turned)).calibration.polarity == 1
