"""Compare speeds in one run: `make bench`, or `python -m bench`."""

from bench import clearing

if __name__ == "__main__":
    clearing.main()
