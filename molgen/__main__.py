"""``python -m molgen``."""

from molgen.cli.entry import script

script()
