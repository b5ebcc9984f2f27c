"""Print the reference page of the book: `python -m deflator.book > docs/book.md`."""

import sys

from deflator.book.document import book_page

sys.stdout.write(book_page())
