"""``python -m molgen``."""

from molgen.cli.main import script

script()
