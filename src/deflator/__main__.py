"""`python -m deflator`, for where the command `deflator` is not on the path."""

from deflator.cli import main

if __name__ == "__main__":
    main()
