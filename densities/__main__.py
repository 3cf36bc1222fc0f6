"""`python -m densities` is the command `densities`."""

import sys

from densities.cli import main

sys.exit(main())
