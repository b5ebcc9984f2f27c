"""The sections of a report, in their order; each is made of the documents of one run, or of two side by side."""

from collections.abc import Sequence

from deflator.report.memo import Memo
from deflator.report.sections.answer import answer_section
from deflator.report.sections.cascade import cascade_section
from deflator.report.sections.companies import companies_section
from deflator.report.sections.debt import debt_section
from deflator.report.sections.first import first_section
from deflator.report.sections.losses import attribution_section, losses_section
from deflator.report.sections.method import method_section
from deflator.report.sections.parts import Figure, Section, Table
from deflator.report.sections.questions import claims_section, rests_section, reverse_section
from deflator.report.sections.rents import rents_section

__all__ = ["Figure", "Section", "Table", "sections_of"]

_SECTIONS = (
    answer_section, first_section, rents_section, debt_section, losses_section, attribution_section, rests_section,
    reverse_section, claims_section, cascade_section, companies_section, method_section,
)  # fmt: skip


def sections_of(memos: Sequence[Memo]) -> list[Section]:
    """Return every section of a report."""
    return [section(memos) for section in _SECTIONS]
