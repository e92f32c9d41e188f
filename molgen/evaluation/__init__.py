"""Judging molecules by published protocols: checks, metrics, tables, reports. Never imports a model."""

from molgen.evaluation.judge import EdmJudge
from molgen.evaluation.pictures import grid_picture
from molgen.evaluation.protocols import Protocol, load_protocol
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.reference_sources import load_reference
from molgen.evaluation.report import Report
from molgen.evaluation.runner import evaluate
from molgen.evaluation.table import Table

__all__ = [
    "EdmJudge",
    "Protocol",
    "ReferenceSet",
    "Report",
    "Table",
    "evaluate",
    "grid_picture",
    "load_protocol",
    "load_reference",
]
