"""The ``molgen`` command: finds the subcommand, and turns deliberate errors into one line."""

from __future__ import annotations

import importlib
import sys
from typing import Protocol

from jsonargparse import ArgumentError, ArgumentParser, Namespace

from molgen.core.errors import MolgenError

COMMANDS = {
    "sample": "generate molecules",
    "evaluate": "judge a file of molecules",
    "prepare": "prepare a data set",
    "info": "show a model card",
    "benchmark": "time training and sampling",
    "export": "make a shippable checkpoint of a training run",
}
TRAINING_COMMANDS = {
    "fit": "train a model (LightningCLI)",
    "validate": "losses and likelihood bound on the validation split (LightningCLI)",
    "test": "the same on the test split (LightningCLI)",
    "predict": "sample with the trainer, on many devices (LightningCLI)",
}


class Command(Protocol):
    """What a module under ``molgen.cli`` offers as a subcommand."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        ...

    def run(self, options: Namespace) -> None:
        """Do the work.

        Raises:
            MolgenError: Something the user gave cannot be used.
        """
        ...


def main(args: list[str] | None = None) -> int:
    """Run ``molgen``.

    Args:
        args: Words after ``molgen``; those of the process by default.

    Returns:
        Exit code: 0 for success, 2 for input that cannot be used, 130 if interrupted.
    """
    words = list(sys.argv[1:] if args is None else args)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    try:
        return _dispatch(words)
    except (MolgenError, ArgumentError, OSError) as error:
        if debug:
            raise
        print(f"molgen: error: {_one_line(error)}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        print("molgen: interrupted", file=sys.stderr)  # noqa: T201
        return 130


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(_overview())  # noqa: T201
        return 0
    name, rest = words[0], words[1:]
    if name in TRAINING_COMMANDS:
        from molgen.cli.fit import run_training

        run_training(words)
        return 0
    if name not in COMMANDS:
        known = ", ".join([*COMMANDS, *TRAINING_COMMANDS])
        raise ArgumentError(None, f"unknown command {name!r}; commands are {known}")
    command: Command = importlib.import_module(f"molgen.cli.{name}")  # type: ignore[assignment]
    parser = ArgumentParser(prog=f"molgen {name}", description=f"{COMMANDS[name]}.", exit_on_error=False)
    command.add_arguments(parser)
    command.run(parser.parse_args(rest))
    return 0


def _overview() -> str:
    rows = [f"  {name:<10} {text}" for name, text in {**COMMANDS, **TRAINING_COMMANDS}.items()]
    return "\n".join(
        [
            "usage: molgen COMMAND [options]     (molgen COMMAND --help lists a command's options)",
            "",
            *rows,
            "",
            "  --debug    with any command: show the traceback of an error",
        ]
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def script() -> None:
    """Entry point of the installed ``molgen`` command."""
    sys.exit(main())
