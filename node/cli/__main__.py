"""`python -m node.cli`: how `tombolo up` starts the roles, wherever the script may be."""

import sys

from node.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
