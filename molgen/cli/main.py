"""The ``molgen`` command: finds the subcommand, and turns deliberate errors into one line."""

from __future__ import annotations

import importlib
import re
import sys
from typing import Protocol

from jsonargparse import ArgumentError, ArgumentParser, Namespace

from molgen.core.errors import ConfigError, MolgenError

COMMANDS = {
    "sample": "generate molecules",
    "refine": "move force-field geometries to the training set's level of theory",
    "evaluate": "judge a file of molecules",
    "prepare": "prepare a data set",
    "requests": "ask a model for every kind of request, and count how often it was met",
    "info": "show a model card",
    "benchmark": "time training and sampling",
    "export": "make a shippable checkpoint of a training run",
    "results": "write the page of results from a folder of evaluations",
}
TRAINING_COMMANDS = {
    "fit": "train a model (LightningCLI)",
    "validate": "losses and likelihood bound on the validation split (LightningCLI)",
    "test": "the same on the test split (LightningCLI)",
    "predict": "sample with the trainer, on many devices (LightningCLI)",
}

JUDGE_COMMAND = {"judge": "train, test and export the judge of properties (LightningCLI)"}

_PARSER_KEY = r'Parser key "([^"]+)": '
_NOT_A_COUNT = (
    r"Not of type (Positive|NonNegative)Int: (?:invalid literal for int\(\) with base 10: )?'?([^' ]+).*"
)
_LEAST = {"Positive": 1, "NonNegative": 0}
_LONGEST_REASON = 300


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
        message = explain(error, words[0]) if isinstance(error, ArgumentError) else _one_line(error)
        print(f"molgen: error: {message}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        print("molgen: interrupted", file=sys.stderr)  # noqa: T201
        return 130


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(_overview())  # noqa: T201
        return 0
    name, rest = words[0], words[1:]
    if name in TRAINING_COMMANDS or name in JUDGE_COMMAND:
        _train(words)
        return 0
    if name not in COMMANDS:
        known = ", ".join([*COMMANDS, *TRAINING_COMMANDS, *JUDGE_COMMAND])
        raise ConfigError(f"unknown command {name!r}; commands are {known}")
    command: Command = importlib.import_module(f"molgen.cli.{name}")
    parser = ArgumentParser(prog=f"molgen {name}", description=f"{COMMANDS[name]}.", exit_on_error=False)
    command.add_arguments(parser)
    command.run(parser.parse_args(rest))
    return 0


def _train(words: list[str]) -> None:
    """Run LightningCLI; what Lightning finds wrong with its configuration is the user's to mend."""
    from lightning_fabric.utilities.exceptions import MisconfigurationException

    from molgen.cli.fit import run_training
    from molgen.cli.judge import run_judge

    try:
        if words[0] in JUDGE_COMMAND:
            run_judge(words[1:])
        else:
            run_training(words)
    except MisconfigurationException as error:
        raise ConfigError(str(error)) from error


def explain(error: ArgumentError, command: str) -> str:
    """Say in one short line which option is wrong, what was given and where the accepted values are listed.

    jsonargparse nests one sentence for every level of a configuration and dumps what it parsed; only the
    path to the wrong value and the innermost reason help the user.

    Args:
        error: What the parser raised.
        command: Name of the subcommand.
    """
    text = _one_line(error)
    option = ".".join(re.findall(_PARSER_KEY, text))
    if command not in TRAINING_COMMANDS and command not in JUDGE_COMMAND:
        option = option.replace("_", "-")
    reason = re.split(_PARSER_KEY, text)[-1]
    reason = re.sub(r"^Type .*? expects a function or a callable class: ", "", reason)
    reason = re.sub(r"\.? Got value: Namespace\(.*|\.? Subclass types expect.*", "", reason)
    reason = re.sub(r"[Ee]xpected an? <class '(\w+)'>\. Got value: (.*)", r"needs \1, got '\2'", reason)
    reason = re.sub(_NOT_A_COUNT, lambda m: f"needs a whole number >= {_LEAST[m[1]]}, got '{m[2]}'", reason)
    if len(reason) > _LONGEST_REASON:
        reason = reason[:_LONGEST_REASON] + " ..."
    where = f"--{option}: " if option else ""
    return f"{where}{reason}; molgen {command} --help lists what is accepted"


def _overview() -> str:
    rows = [
        f"  {name:<10} {text}" for name, text in {**COMMANDS, **TRAINING_COMMANDS, **JUDGE_COMMAND}.items()
    ]
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
