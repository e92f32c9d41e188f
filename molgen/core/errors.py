"""Typed errors: each says what was given, what is accepted and what to do next.

Every deliberate failure of molgen is a :class:`MolgenError`, so that the command line can print one
line and exit with code 2, while anything else is a bug and keeps its traceback.
"""


class MolgenError(Exception):
    """Base of all deliberate errors; ``str(error)`` is a complete message for the user."""


class InputError(MolgenError):
    """A value or file the user gave cannot be used."""


class ConfigError(MolgenError):
    """Two configured parts do not fit together."""


class FieldError(MolgenError):
    """A batch lacks a field, or a field has the wrong shape."""


class LevelSupportError(MolgenError):
    """A network that takes one time per molecule was given per-atom levels."""


class IncompatibleSamplerError(MolgenError):
    """A sampler cannot walk the given noise process."""


class DataError(MolgenError):
    """A data set is missing, damaged or not what its manifest says."""


class CheckpointError(MolgenError):
    """A checkpoint is missing, damaged or does not match its card."""


class NonFiniteLossError(MolgenError):
    """The training loss became NaN or infinite; the message names the batch."""
