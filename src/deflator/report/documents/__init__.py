"""The pages of an answer as plain data: what the dashboard and the report show, without a word on how it is drawn.

A document is built from a question and a few arguments, and is JSON once built. It holds ids and codes, which a page
translates from the catalogue of messages; sentences, such as those of a story, come in the language that is asked for.
"""

from deflator.report.documents.arguments import Argument, DocumentKind, checked
from deflator.report.documents.registry import DOCUMENTS, build

__all__ = ["DOCUMENTS", "Argument", "DocumentKind", "build", "checked"]
