"""The workspace: a database with segmentation files, in which no accepted record is lost or overwritten."""

from calcitrack.io.workspace.audit import AuditEntry, account
from calcitrack.io.workspace.checks import CheckReport
from calcitrack.io.workspace.corrections import CorrectionStep
from calcitrack.io.workspace.journal import JournalEntry
from calcitrack.io.workspace.resumable_run import KeptRun
from calcitrack.io.workspace.revisions import RecordedRevision
from calcitrack.io.workspace.runs import RecordedAssessment, RecordedRun
from calcitrack.io.workspace.schema import SCHEMA_VERSION
from calcitrack.io.workspace.sessions import Sessions
from calcitrack.io.workspace.versions import SegmentationVersion
from calcitrack.io.workspace.workspace import Workspace

__all__ = [
    "SCHEMA_VERSION",
    "AuditEntry",
    "CheckReport",
    "CorrectionStep",
    "JournalEntry",
    "KeptRun",
    "RecordedAssessment",
    "RecordedRevision",
    "RecordedRun",
    "SegmentationVersion",
    "Sessions",
    "Workspace",
    "account",
]
