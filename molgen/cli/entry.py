"""The installed ``molgen`` program: what has to be set before torch is loaded, then the command."""

from __future__ import annotations

import os
import sys

SPINS = "10000"
"""Polls by which a thread of GNU OpenMP waits before it sleeps.

By itself the library polls 300,000 times, and the thread it waits for may have no core meanwhile: where two
other programs keep two cores busy, training and sampling then take about twice as long
(``GOMP_SPINCOUNT=300000 molgen benchmark``, and 10000). With a core for each thread the two are equally
fast.
"""


def yield_to_others() -> None:
    """Have threads that wait give way soon, unless the environment says how they are to wait.

    Read once, when the library is loaded; other OpenMP libraries do not look at it.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)


def script() -> None:
    """Run ``molgen`` with the words of the process, and exit with its code."""
    yield_to_others()
    from molgen.cli.main import main

    sys.exit(main())
