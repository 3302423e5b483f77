from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pandas as pd
import pytest

from calcitrack.change import series_of, summarise
from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import Fate
from calcitrack.model.cohort import TimelineFailure
from calcitrack.model.joint import Joint
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.tables import (
    DEPOSITS,
    SCHEMAS,
    TIMELINE,
    deposits_table,
    events_table,
    images_table,
    not_measurable_table,
    possible_table,
    timeline_table,
)
from calcitrack.tables.cells import rounded

PROMISED = (
    "patient_id, study_date, study_instance_uid, series_instance_uid, sop_instance_uid, modality, body_part, laterality, view, time_point, "
    "repeat, deposit_id, status, area_mm2, feret_mm, ha_mass_mg, ha_mass_mg_sd, volume_mm3, volume_mm3_sd, volume_model, contrast_mean, "
    "contrast_integral_mm2, centroid_row, centroid_col, over_bone_fraction, confidence, calibration_tier, spacing_basis, assessment_id, area_px, "
    "relative_brightness, al_equivalent_mm3, al_equivalent_mm3_sd, area_mm2_sd, evidence, ha_mass_joint_mg, ha_mass_joint_sd_mg, "
    "contrast_joint_mm2, area_joint_mm2, joint_region_mm2, joint_images, outlined_here, joint_reason"
)


def test_deposits_has_the_promised_columns_in_order() -> None:
    """The columns of deposits.csv are a public contract: these names in this order."""
    assert list(DEPOSITS.names) == PROMISED.split(", ")


def test_no_table_names_a_column_twice() -> None:
    """A column name says one thing in its table."""
    for schema in SCHEMAS:
        assert len(set(schema.names)) == len(schema.names), schema.name


def test_a_deposit_row_says_what_was_measured(made: ModuleType) -> None:
    """Each value of a deposit stands under its own name."""
    table = deposits_table([made.assessment("P1")])
    row = table[(table.time_point == 2) & (table.deposit_id == "D003")].iloc[0]
    assert len(table) == 2 + 3 + 2 + 2
    assert (row.patient_id, row.body_part, row.laterality, row.view, row.modality) == ("P1", "HAND", "R", "PA", "DX")
    assert row.study_date == pd.Timestamp(2021, 9, 1)
    assert row.status == "new"
    assert (row.relative_brightness, row.confidence) == (0.4, 0.9)
    assert (row.area_mm2, row.area_mm2_sd, row.area_px, row.ha_mass_mg, row.ha_mass_mg_sd) == (0.64, 0.08, 16, 4.5, 0.1)
    assert (row.al_equivalent_mm3, row.al_equivalent_mm3_sd) == (0.9 * 3, 0.05)
    assert (row.volume_mm3, row.volume_mm3_sd, row.volume_model) == (6.0, 0.4, "a made model")
    assert (row.centroid_row, row.centroid_col, row.calibration_tier, row.spacing_basis) == (51.5, 61.5, "A", "detector")


def test_events_tell_each_fate_with_its_partners(made: ModuleType) -> None:
    """One row a deposit and time point, by deposit; partners on the rows of both; evidence only where the deposit is seen."""
    assessment = made.assessment()
    one, two, three = assessment.tracks
    merged = replace(three, fates={2: Fate.NEW, 3: Fate.MERGED}, partners={3: ("D001", "D002")})
    weak = replace(assessment.images[0], segmentation=replace(assessment.images[0].segmentation, supported=frozenset({2})))
    tracks = (merged, replace(one, partners={3: ("D003",)}), two)
    table = events_table([replace(assessment, tracks=tracks, images=(weak, *assessment.images[1:]))])
    rows = [(r.deposit_id, r.time_point, r.fate, r.partners, r.evidence) for r in table.itertuples()]
    assert rows == [
        ("D001", 1, "baseline", "", "own"),
        ("D001", 2, "persistent", "", "own"),
        ("D001", 3, "persistent", "D003", "own"),
        ("D002", 1, "baseline", "", "other_exposures"),
        ("D002", 2, "persistent", "", "own"),
        ("D002", 3, "persistent", "", "own"),
        ("D003", 2, "new", "", "own"),
        ("D003", 3, "merged", "D001; D002", ""),
    ]
    assert table.date[1] == pd.Timestamp(2021, 9, 1)
    assert set(table.patient_id) == {"P1"}


def test_an_image_row_says_how_its_values_came_about(made: ModuleType) -> None:
    """Size of a pixel with rows and columns apart, tier with its reason, and the image's findings, each once."""
    image = replace(made.image("P1", 1, 1, ()), spacing=Spacing(0.2, 0.1, SpacingBasis.DETECTOR, "made"), findings=("one", "two", "one"))
    row = images_table(made.cohort(replace(made.assessment(), images=(image,)))).iloc[0]
    assert (row.row_spacing_mm, row.column_spacing_mm, row.spacing_source) == (0.2, 0.1, "made")
    assert (row.calibration_tier, row.calibration_reason) == ("A", image.calibration.reason)
    assert row.findings == "one; two"


def test_total_volumes_stand_beside_total_masses(made: ModuleType) -> None:
    """An image's total volume and its uncertainty are in images.csv, and their means over the exposures of a day in timeline.csv."""
    assessment = made.assessment()
    images = images_table(made.cohort(assessment)).set_index("path")
    row = images.loc["P1/visit1.dcm"]
    assert (row.volume_mm3, row.volume_mm3_sd, row.area_mm2_sd) == (6.0, 1.5, 0.1)
    table = timeline_table([assessment]).set_index("time_point")
    assert (table.loc[1].volume_mm3, table.loc[1].volume_mm3_sd) == (6.0, 1.5)


def test_a_time_point_row_names_the_tiers_and_counts_the_failures(made: ModuleType) -> None:
    """Images of two tiers on one day are both named, and films that could not be read are counted there and nowhere else."""
    images = (made.image("P1", 1, 0, ()), made.image("P1", 1, 1, (), mass=False), made.image("P1", 2, 0, (), mass=False))
    table = timeline_table([replace(made.assessment(), images=images, failures=(made.failure("P1", 2),))]).set_index("time_point")
    assert (table.loc[1].calibration_tiers, table.loc[2].calibration_tiers) == ("A; C", "C")
    assert table.n_failed.tolist() == [0, 1, 0]


def test_rounding_keeps_what_a_pixel_contributes(made: ModuleType) -> None:
    """Rounded for export, no value moves by more than the promised tenth of a pixel's area (0.01 mm2) or of 0.01 mg."""
    exact = deposits_table([made.assessment()])
    exact["area_mm2"] += 1 / 3000
    exact["ha_mass_mg"] += 1 / 3000
    moved = (rounded(exact, DEPOSITS)[["area_mm2", "ha_mass_mg"]] - exact[["area_mm2", "ha_mass_mg"]]).abs().to_numpy()
    assert 0 < moved.max() <= 0.001


def test_an_image_row_says_what_its_mass_rests_on(made: ModuleType) -> None:
    """Where there is a mass its model stands in the row, assumptions included; where there is none the cell is empty."""
    cohort = made.cohort()
    rows = images_table(cohort)
    rows = rows[rows.status == "read"]
    assert set(rows.ha_mass_model[rows.ha_mass_mg.notna()]) == {"a made beam"}
    assert set(rows.ha_mass_model[rows.ha_mass_mg.isna()]) == {""}


def test_the_types_do_not_depend_on_the_rows(made: ModuleType) -> None:
    """An empty table, a table without any mass and a full one have the same column types."""
    full = deposits_table([made.assessment()])
    for other in (deposits_table([]), deposits_table([made.assessment(mass=False, sized=False)])):
        assert dict(other.dtypes) == dict(full.dtypes)


def test_every_empty_measurand_cell_is_explained(made: ModuleType) -> None:
    """For each empty measurand cell of deposits, images and timeline, not_measurable has exactly one row with the reason, and no other rows."""
    cohort = made.cohort()
    reasons = not_measurable_table(cohort.assessments)
    tables = {"deposits": deposits_table(cohort.assessments), "images": images_table(cohort), "timeline": timeline_table(cohort.assessments)}
    expected = []
    for schema in SCHEMAS:
        for _, row in tables.get(schema.name, pd.DataFrame()).iterrows():
            if schema.name == "images" and row.status != "read":
                continue
            expected += [
                (schema.name, row.patient_id, row.get("sop_instance_uid", ""), row.get("deposit_id", ""), c, row.time_point)
                for c in schema.measurands
                if pd.isna(row[c])
            ]
    found = list(reasons[["table", "patient_id", "sop_instance_uid", "deposit_id", "measurand", "time_point"]].itertuples(index=False, name=None))
    assert len(expected) > 50
    assert sorted(found) == sorted(expected)
    assert (reasons.reason != "").all()


def test_the_reason_is_the_measurements_own(made: ModuleType) -> None:
    """A mass that the calibration forbids is explained by the sentence that the core gave."""
    reasons = not_measurable_table([made.assessment(mass=False)])
    mine = reasons[(reasons.table == "deposits") & (reasons.measurand == "ha_mass_mg")]
    assert set(mine.reason) == {made.NO_MASS}


def test_a_timeline_row_carries_change_and_fates(made: ModuleType) -> None:
    """The third visit lost D003: change against both earlier time points, the counted fates, and who is gone."""
    table = timeline_table([made.assessment()]).set_index("time_point")
    assert list(table.columns) == [c for c in TIMELINE.names if c != "time_point"]
    row = table.loc[3]
    assert (row.days_from_baseline, row.n_exposures, row.deposit_count) == (438, 2, 2)
    assert abs(row.ha_mass_change_from_previous_mg - (4.5 - 9.0)) < 1e-12
    assert row.ha_mass_relative_change_from_previous == -0.5
    assert row.area_change_from_baseline_mm2 == 0
    assert (row.n_new, row.n_persistent, row.n_resolved, row.resolved_ids) == (0, 2, 1, "D003")
    assert "a finding about the timeline" in table.loc[1].findings
    assert "a finding about the timeline" not in row.findings
    assert "a made finding" in row.findings


def test_images_has_one_row_a_file(made: ModuleType) -> None:
    """Measured, skipped and broken files each have one row; a file that was read but whose pixels are broken is failed, with the reason."""
    assessment = made.assessment()
    assessment = replace(assessment, failures=(made.failure("P1", 2),))
    table = images_table(made.cohort(assessment)).set_index("path")
    assert table.index.is_unique
    assert len(table) == 4 + 1 + 1
    assert table.loc["P1/visit1.dcm", "status"] == "read"
    assert table.loc["P1/visit1.dcm", "deposit_count"] == 2
    assert table.loc["report.pdf", ["status", "reason"]].tolist() == ["skipped", "not an image"]
    broken = table.loc["P1/broken2.dcm"]
    assert broken.status == "failed"
    assert "half of the pixel data" in broken.reason
    assert pd.isna(broken.deposit_count)


def test_files_of_a_lost_timeline_are_failed(made: ModuleType) -> None:
    """When a whole timeline could not be assessed, each of its files says so, and why."""
    assessment = made.assessment()
    cohort = made.cohort(assessment)
    sources = tuple(i.exposure.source for i in assessment.images)
    lost = replace(cohort, assessments=(), failures=(TimelineFailure(assessment.key, "the worker ran out of memory", sources),))
    table = images_table(lost)
    mine = table[table.path.isin(sources)]
    assert set(mine.status) == {"failed"}
    assert set(mine.reason) == {"its timeline was not assessed: the worker ran out of memory"}


def test_control_characters_do_not_break_a_row(made: ModuleType) -> None:
    """A patient id with a line break stays one line, and a file name with undecodable bytes stays valid UTF-8."""
    assessment = made.assessment("P\n1")
    table = deposits_table([assessment])
    assert set(table.patient_id) == {"P 1"}
    odd = made.cohort(replace(assessment, images=(made.image("P1", 1, 0, (), source="odd\udcff.dcm"),)))
    assert any("odd\\udcff.dcm" in p for p in images_table(odd).path)
    images_table(odd).path.str.encode("utf-8")


def test_possible_deposits_have_a_table_and_a_column_of_their_own(made: ModuleType) -> None:
    """Where they lie, how large and how likely they are; every other table is as it is without them."""
    assessment, plain = made.assessment_with_possible(), made.assessment()
    table = possible_table([assessment])
    first, second = table.itertuples()
    assert (first.patient_id, first.body_part, first.laterality, first.view, first.time_point, first.repeat) == ("P1", "HAND", "R", "PA", 2, 0)
    assert (first.date, first.sop_instance_uid, first.path) == (pd.Timestamp(2021, 9, 1), "2.25.129203", "P1/visit2.dcm")
    assert (first.number, first.centroid_row, first.centroid_col, first.area_px, first.confidence) == (1, 81.0, 21.5, 12, 0.7)
    assert abs(first.area_mm2 - 12 * 0.04) < 1e-12
    assert (second.number, second.centroid_row, second.centroid_col, second.area_px, second.confidence) == (2, 100.0, 30.5, 2, 0.55)
    images = images_table(made.cohort(assessment)).set_index("path")
    assert images.possible_count[images.status == "read"].tolist() == [0, 2, 0, 0]
    assert images.loc["P1/visit2.dcm", "deposit_count"] == 3
    assert images.drop(columns="possible_count").equals(images_table(made.cohort(plain)).set_index("path").drop(columns="possible_count"))
    for other in (deposits_table, timeline_table, events_table, not_measurable_table):
        assert other([assessment]).equals(other([plain])), other.__name__
    assert possible_table([plain]).empty


def test_values_of_all_images_together_stand_beside_those_of_each(made: ModuleType) -> None:
    """A deposit has its share of the family's value; a place that an image does not outline has a row of its own; a film alone says why."""
    assessment = replace(made.assessment(), joint=made.joint())
    third = replace(assessment.images[2], deposits=assessment.images[2].deposits[:1])
    table = deposits_table([replace(assessment, images=(*assessment.images[:2], third, assessment.images[3]))])
    assert len(table) == 2 + 3 + 2 + 2
    gone = table[(table.time_point == 3) & (table.repeat == 0) & (table.deposit_id == "D002")].iloc[0]
    assert (gone.outlined_here, gone.status, gone.joint_images, gone.ha_mass_joint_mg) == ("no", "persistent", 4, 12 * 0.75)
    assert pd.isna(gone.area_mm2)
    alone = table[(table.time_point == 2) & (table.deposit_id == "D003")].iloc[0]
    assert (alone.outlined_here, alone.joint_images, alone.joint_reason) == ("yes", 0, "it could not be aligned")
    assert (alone.ha_mass_joint_mg, alone.ha_mass_joint_sd_mg) == (3.0, 1.0)


def test_deposits_sum_to_the_stated_total(made: ModuleType) -> None:
    """Law: on every image the joint values of the rows sum to the total; timeline.csv has the mean over the exposures of a day."""
    assessment = replace(made.assessment(), joint=made.joint())
    table, points = deposits_table([assessment]), timeline_table([assessment]).set_index("time_point")
    for name in ("ha_mass_joint_mg", "contrast_joint_mm2", "area_joint_mm2"):
        sums = table.groupby(["time_point", "repeat"])[name].sum()
        for k, image in enumerate(assessment.images):
            assert sums[image.time_point, image.repeat] == pytest.approx(assessment.joint.totals[name].result(k).value)
        assert points[name].tolist() == pytest.approx([10.0, 14.0, 12.5])
    assert points.ha_mass_joint_sd_mg[3] == pytest.approx(1.0)  # mean of two with variance 1.5 and covariance 0.5


def test_totals_together_are_those_of_the_exposures_that_stand_for_their_day(made: ModuleType) -> None:
    """Law: timeline.csv and changes.csv are about the same exposures; one that could not be aligned stands for no day that has another."""
    assessment = replace(made.assessment(), joint=made.joint())
    lost = replace(assessment.images[3], alignment=Alignment(((1.0, 0, 0), (0, 1.0, 0)), residual_px=9.0, ok=False, reason="made"))
    assessment = replace(assessment, images=(*assessment.images[:3], lost))
    points = timeline_table([assessment]).set_index("time_point")
    total = series_of(assessment).total("ha_mass_joint_mg")
    assert points.ha_mass_joint_mg[3] == 12.0
    assert points.ha_mass_joint_mg.tolist() == [p.mean for p in total.points]


def test_what_was_not_measured_together_says_so(made: ModuleType) -> None:
    """A reader's edit took the values away: its reason stands in the rows and beside the empty totals."""
    assessment = replace(made.assessment(), joint=Joint(reason="a reader drew"))
    assert set(deposits_table([assessment]).joint_reason) == {"a reader drew"}
    reasons = not_measurable_table([assessment])
    assert set(reasons.reason[reasons.measurand == "ha_mass_joint_mg"]) == {"a reader drew"}


def test_a_possible_deposit_of_a_film_without_size_has_its_pixels(made: ModuleType) -> None:
    """No millimetres are made up."""
    table = possible_table([made.assessment_with_possible(sized=False)])
    assert table.area_mm2.isna().all()
    assert table.area_px.tolist() == [12, 2]


def test_a_visit_after_unread_ones_is_not_called_unmeasured(made: ModuleType) -> None:
    """Where no earlier film could be read, there is no change, and not because of the program's version."""
    whole = made.assessment()
    images = tuple(i for i in whole.images if i.time_point > 1)
    points = summarise({p.index: p.date for p in whole.time_points}, images, whole.tracks)
    reasons = not_measurable_table([replace(whole, images=images, time_points=points)])
    told = reasons[reasons.measurand.str.contains("_change_from_")].groupby("time_point").reason.unique()
    assert told[2].tolist() == ["no image of an earlier time point could be read and measured"]
    assert not reasons.reason.str.contains("this version of the program").any()
