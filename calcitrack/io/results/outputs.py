"""Outputs beside the tables: pictures, segmentations and reports. One of them may fail without affecting the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path

from calcitrack.change import JudgedCohort
from calcitrack.errors import ResultsError
from calcitrack.figures import DrawnTimeline, cohort_figures, timeline_figure
from calcitrack.io.dicom.output_options import DicomOutput
from calcitrack.io.files.library_warnings import impersonal_reason
from calcitrack.io.files.names import NamesInUse
from calcitrack.io.results.folder import StagedFolder
from calcitrack.io.results.pictures import Films, overlay_name, pair_names, shown_of_each_visit, write_figure, write_overlay, write_pair
from calcitrack.io.seg.write import write_label_picture, write_possible_picture, write_segmentation
from calcitrack.io.sr.write import Reviewed, write_report
from calcitrack.model.assessment import Assessment, ImageAssessment
from calcitrack.model.course import PatientCourse
from calcitrack.model.judgement import Judgement
from calcitrack.model.segmentation import Labels
from calcitrack.model.timeline import TimelineKey
from calcitrack.reporting.report_content import JudgedFacts, ReportDraft, drafts_of
from calcitrack.tables.cells import Row, joined

TIMELINES = "timelines"
"""Folder of the pictures below a results folder."""


class Output(StrEnum):
    """Kind of an output beside the tables. The values are the words of findings and of ``provenance.json``."""

    OVERLAY = "overlay.png"
    PAIR = "pair.png"
    SEGMENTATION = "segmentation"
    POSSIBLE = "possible.png"
    TIMELINE = "timeline.png"
    COHORT = "cohort figures"
    REPORT = "measurement report"


@dataclass(frozen=True, slots=True)
class Problem:
    """An output that could not be written.

    Parameters
    ----------
    source
        The image as the user knows it, or the timeline.
    output
        Which output is missing.
    reason
        One sentence.
    """

    source: str
    output: Output
    reason: str


@dataclass(frozen=True, slots=True)
class PlannedReport:
    """A report that is written as soon as its timeline is judged.

    Parameters
    ----------
    draft
        Its content, without the judgement.
    name
        Its file in the results folder.
    reviewed
        The readers' reviews; ``None`` without a workspace.
    """

    draft: ReportDraft
    name: str
    reviewed: Reviewed | None


class Outputs:
    """Writes pictures, segmentations and reports into a staged folder, and collects the outputs that failed.

    Parameters
    ----------
    folder
        Where they go.
    dicom
        Which DICOM objects are written.

    Every method raises `ResultsError` where the disk is full or gone; any other failure of an output is added to `problems`.
    """

    def __init__(self, folder: StagedFolder, dicom: DicomOutput) -> None:
        self.problems: list[Problem] = []
        self._folder, self._dicom = folder, dicom
        self._timeline_names, self._seg_names, self._report_names = NamesInUse(), NamesInUse(), NamesInUse()

    def claim(self, key: TimelineKey) -> str:
        """Folder of a timeline's pictures, which no other timeline has."""
        parts = (key.patient_id or "unknown", key.body_part, key.laterality, key.view)
        return f"{TIMELINES}/{self._timeline_names.claim('_'.join(p for p in parts if p), repr(key))}"

    def images(self, assessment: Assessment, folder: str, written: list[str]) -> None:
        """Overlay, segmentation and possible deposits of each image, and the pictures of each visit with the one before."""
        films, shown = Films(), shown_of_each_visit(assessment)
        before: ImageAssessment | None = None
        for image in assessment.images:
            overlay = f"{folder}/{overlay_name(image)}"
            self.attempt(image.exposure.source, Output.OVERLAY, partial(write_overlay, self._folder, overlay, assessment, image, films))
            if any(image is s for s in shown):
                if before is not None:
                    pair, difference = (f"{folder}/{name}" for name in pair_names(before, image))
                    write = partial(write_pair, self._folder, (pair, difference), assessment, (before, image), films)
                    self.attempt(image.exposure.source, Output.PAIR, write)
                before = image
            written.append(self._segmentation_name(image))
            self.attempt(image.exposure.source, Output.SEGMENTATION, partial(self._write_segmentation, assessment, image, written[-1]))
            if image.segmentation.possible is not None:
                written.append(f"{written[-1].removesuffix('.dcm').removesuffix('.label.png')}.possible.png")
                self.attempt(image.exposure.source, Output.POSSIBLE, partial(self._write_possible, image.segmentation.possible, written[-1]))

    def timeline(self, drawn: DrawnTimeline, judgement: Judgement, course: PatientCourse, folder: str) -> None:
        """The figure of a timeline."""
        name = f"{folder}/timeline"
        self.attempt(str(drawn.key), Output.TIMELINE, lambda: write_figure(self._folder, name, timeline_figure(drawn, judgement, course)))

    def cohort(self, judged: JudgedCohort) -> None:
        """The figures of the cohort."""
        self.attempt("all timelines", Output.COHORT, lambda: self._cohort(judged))

    def planned_reports(self, assessment: Assessment, reviewed: Reviewed | None) -> list[PlannedReport]:
        """Reports of a timeline, to be written once its change is judged."""
        drafts = tuple(drafts_of(assessment)) if self._dicom.reports else ()
        return [PlannedReport(d, self._report_name(d), reviewed) for d in drafts]

    def report(self, report: PlannedReport, judgement: Judgement) -> None:
        """The report of a study; images without a segmentation, to which it would refer, are left out and have their finding already."""
        lacking = {p.source for p in self.problems if p.output is Output.SEGMENTATION}
        images = tuple(i for i in report.draft.images if i.exposure.source not in lacking)
        if images:
            draft, facts = replace(report.draft, images=images), JudgedFacts.of(judgement)
            write = partial(write_report, facts=facts, reviewed=report.reviewed, kind=self._dicom.segmentation)
            self.attempt(images[0].exposure.source, Output.REPORT, lambda: write(self._folder.path(report.name), draft))

    def attempt(self, source: str, output: Output, write: Callable[[], None]) -> None:
        """Write one output, or record why it failed."""
        try:
            write()
        except OSError as error:
            raise disk_error(error) from error
        except Exception as error:  # one picture must not cost the others, whatever a library made of this image
            reason = impersonal_reason(error)
            self.problems.append(Problem(source, output, reason.removeprefix(f"{source}: ")))

    def with_problems(self, row: Row) -> Row:
        """A row of ``images.csv`` with findings about outputs that its image lacks."""
        own = [f"no {p.output} was written: {p.reason}" for p in self.problems if p.source == row.get("path")]
        return {**row, "findings": joined([str(row.get("findings") or ""), *own])} if own else row

    def _cohort(self, judged: JudgedCohort) -> None:
        rule = judged.rule
        figures = cohort_figures(judged.points, judged.judgements, rule.name, (rule.improve, rule.progress))
        for name, figure in (("waterfall", figures.waterfall), ("spaghetti", figures.spaghetti), ("progression", figures.progression)):
            if figure is not None:
                write_figure(self._folder, f"cohort_{name}", figure)

    def _segmentation_name(self, image: ImageAssessment) -> str:
        source, facts = image.exposure.source, image.exposure.acquisition
        side = "" if facts.limb is None else f"_{facts.laterality}"
        if image.exposure.is_dicom:
            return f"seg/{self._seg_names.claim(f'{facts.sop_instance_uid}{side}', source)}.dcm"
        stem = Path(source.replace("!", "/")).stem or "image"
        return f"seg/{self._seg_names.claim(f'{stem}{side}', source)}.label.png"

    def _write_segmentation(self, assessment: Assessment, image: ImageAssessment, name: str) -> None:
        path = self._folder.path(name)
        if image.exposure.is_dicom:
            made_by = assessment.provenance
            kind = self._dicom.segmentation
            write_segmentation(path, image, assessment_id=assessment.assessment_id, program=made_by.program, version=made_by.version, kind=kind)
        else:
            write_label_picture(path, image)

    def _write_possible(self, possible: Labels, name: str) -> None:
        write_possible_picture(self._folder.path(name), possible)

    def _report_name(self, draft: ReportDraft) -> str:
        exposure = draft.images[0].exposure
        return f"sr/{self._report_names.claim(exposure.acquisition.sop_instance_uid, exposure.source)}.dcm"


def disk_error(error: OSError) -> ResultsError:
    """Sentence about a disk that is full or gone."""
    return ResultsError(
        f"{error.filename or 'the results folder'}: cannot be written ({error.strerror or error}); free the disk or choose another folder"
    )
