"""A lender's own loans joined to the book: what each may lose, when, and how much may be lent against it."""

from deflator.tape.assess import Assessment, assess
from deflator.tape.read import Tape, read_tape
from deflator.tape.template import write_template

__all__ = ["Assessment", "Tape", "assess", "read_tape", "write_template"]
