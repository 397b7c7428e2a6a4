"""`python -m indexer` is the command line too."""

from indexer.cli import main

if __name__ == "__main__":
    main()
