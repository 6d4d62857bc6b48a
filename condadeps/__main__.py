"""``python -m condadeps``: the command."""

from condadeps.cli import main

if __name__ == "__main__":
    main()
