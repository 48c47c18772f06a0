"""`python -m mill` is `mill`."""

from mill.cli import main

if __name__ == "__main__":
    main()
