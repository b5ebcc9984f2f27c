"""Proposals for a book from filings and price lists: read by a person, applied only when asked, never silently."""

from deflator.data.proposal import Proposal, apply_proposal, read_proposal, write_proposal

__all__ = ["Proposal", "apply_proposal", "read_proposal", "write_proposal"]
