"""``molgen judge``: train, validate, test and export the network that judges asked properties.

``fit``, ``validate`` and ``test`` are a LightningCLI on the property network; ``export`` writes what
``molgen evaluate --properties`` reads.
"""

from __future__ import annotations

from rich.console import Console

from molgen.core.errors import ConfigError

TRAINING = ("fit", "validate", "test")
USAGE = """usage: molgen judge COMMAND [options]     (molgen judge COMMAND --help lists a command's options)

  fit        train the judge, as in configs/experiment/judge.yaml
  validate   errors on the validation split, in units
  test       errors on the test split, in units
  export     make shippable weights and a card of a training run"""


def run_judge(words: list[str]) -> None:
    """Run one of the judge's commands.

    Args:
        words: What follows ``molgen judge``, a command first.

    Raises:
        MolgenError: Something the user gave cannot be used.
    """
    name = words[0] if words else ""
    if name in ("", "-h", "--help"):
        Console().print(USAGE, markup=False, highlight=False)
        return
    if name in TRAINING:
        from molgen.cli.fit import run_training
        from molgen.regression.module import PropertyModule

        run_training(words, PropertyModule, defaults=())
        return
    if name == "export":
        from molgen.cli.judge_export import run_export

        run_export(words[1:])
        return
    raise ConfigError(f"unknown command 'judge {name}'; give one of {', '.join([*TRAINING, 'export'])}")
