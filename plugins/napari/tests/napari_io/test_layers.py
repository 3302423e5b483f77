from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from npe2 import PluginManifest

from calcitrack import Radiograph, read_radiograph
from calcitrack.errors import CalcitrackError, ResultsError
from calcitrack.model.assessment import Assessment
from calcitrack.model.spacing import Spacing
from calcitrack_napari.napari_io import layers, reader, writer
from calcitrack_napari.napari_io.layers import opened_paths

MANIFEST = Path(layers.__file__).parents[1] / "napari.yaml"


def test_bone_is_white_at_true_size(film_folder: Path) -> None:
    """MONOCHROME1, where lower stored values are denser: the bone in the middle is brighter than flesh, and flesh than air."""
    ((values, keywords, kind),) = reader.read(str(film_folder / "film0.dcm"))
    air, flesh, bone = (float(np.median(values[200:240, columns])) for columns in (slice(0, 20), slice(80, 100), slice(150, 170)))
    assert air < flesh < bone
    low, high = keywords["contrast_limits"]
    assert air <= low + 0.2 * (high - low) < bone <= high
    assert (kind, keywords["scale"], keywords["units"]) == ("image", (0.25, 0.25), "mm")


def test_a_film_without_a_size_is_shown_in_pixels(film_folder: Path) -> None:
    """No millimetre is made up."""
    film = replace(read_radiograph(film_folder / "film0.dcm"), spacing=Spacing.uncalibrated())
    _, keywords, _ = layers.image_layer(film, "film")
    assert (keywords["scale"], keywords["units"]) == ((1.0, 1.0), "pixel")


def test_where_no_beam_came_is_dark(film_folder: Path) -> None:
    """Shutters do not glare, and do not enter the grey scale."""
    film = read_radiograph(film_folder / "film0.dcm")
    valid = np.ones(film.shape, bool)
    valid[:100] = False
    shut = Radiograph(**{n: getattr(film, n) for n in ("pixels", "spacing", "acquisition", "calibration")}, valid=valid)
    values = layers.shown_values(shut)
    assert values[:100].max() == values.min()


def test_a_folder_is_every_film_in_order(film_folder: Path) -> None:
    """By visit and repeat, with names that say so."""
    names = [keywords["name"] for _, keywords, _ in reader.read(str(film_folder))]
    assert [n.removeprefix("DRAWN ").split(",")[0] for n in names] == ["visit 1", "visit 2", "visit 3", "visit 3"]
    assert "repeat 1" in names[3]
    assert "(empty)" not in "".join(names)


def test_a_workspace_has_outlines_in_the_colours_of_identity(kept: Path, assessment: Assessment) -> None:
    """D002 has the same number, and so the same colour, on every film."""
    made = reader.read(str(kept))
    assert [kind for *_, kind in made] == ["image", "labels"] * 4
    for image, (numbers, keywords, _) in zip(assessment.images, made[1::2], strict=True):
        for tracked in image.deposits:
            inside = image.segmentation.labels == tracked.deposit.label
            assert np.unique(numbers[inside]).tolist() == [int(tracked.deposit_id[1:])]
            assert keywords["colormap"][int(tracked.deposit_id[1:])] == layers.colour_of(int(tracked.deposit_id[1:]))


def test_what_is_nothing_of_ours_is_left_to_others(tmp_path: Path) -> None:
    """A path that does not exist has no reader; a folder without films says so."""
    assert reader.get_reader(str(tmp_path / "nothing.dcm")) is None
    with pytest.raises(CalcitrackError, match="found no radiograph"):
        reader.read(str(tmp_path))


def test_colours_differ_between_neighbours_and_repeat() -> None:
    """Seven colours of Okabe and Ito, in turn."""
    first = [layers.colour_of(n) for n in range(1, 8)]
    assert len(set(first)) == 7
    assert layers.colour_of(8) == first[0]
    assert layers.colours((1, 2))[0][3] == 0


def test_samples_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The menu's entry gives the films of the sample patient."""
    monkeypatch.setattr(reader, "timeline_layers", lambda timeline: [timeline.key.patient_id] * sum(len(t.exposures) for t in timeline.time_points))
    assert reader.growing() == ["DEV03"] * len(reader.growing())
    assert len(reader.treated()) == 14


def test_the_manifest_names_what_exists() -> None:
    """npe2 accepts it, and every command is a function or class of its module."""
    manifest = PluginManifest.from_file(MANIFEST)
    assert {c.id for c in manifest.contributions.commands} >= {"calcitrack-napari.read", "calcitrack-napari.review"}
    for command in manifest.contributions.commands:
        module, _, name = str(command.python_name).partition(":")
        path = MANIFEST.parent.joinpath(*module.split(".")[1:]).with_suffix(".py")
        assert f" {name}(" in path.read_text(encoding="utf-8")


def test_outlines_are_written_as_a_segmentation_and_a_table(kept: Path, tmp_path: Path) -> None:
    """From the layer that the reader made; one that knows no film is refused."""
    numbers, keywords, _ = reader.read(str(kept))[1]
    writer.write_seg(str(tmp_path / "a.dcm"), numbers, keywords)
    assert (tmp_path / "a.dcm").read_bytes()[128:132] == b"DICM"
    writer.write_csv(str(tmp_path / "a.csv"), numbers, keywords)
    with (tmp_path / "a.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [r["deposit_id"] for r in rows] == ["D001", "D002"]
    assert float(rows[0]["area_mm2"]) > 3
    with pytest.raises(ResultsError, match="found no film that it was drawn on"):
        writer.write_csv(str(tmp_path / "b.csv"), numbers, {"name": "Labels"})


def test_opened_paths_are_each_named_once() -> None:
    """Image and outlines of one film share its file; other plugins' layers are passed over."""

    class Layer:
        def __init__(self, metadata: dict) -> None:
            self.metadata = metadata

    opened = [Layer({layers.METADATA: {"path": p}}) for p in ("a", "a", "b")]
    assert opened_paths([*opened, Layer({}), object()]) == ("a", "b")
