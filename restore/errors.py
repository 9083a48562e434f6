"""What can go wrong with a photo or a checkpoint; every message is one line: what happened and what to do."""


class RestoreError(Exception):
    """A photo cannot be restored as asked; the message is one line for the user."""


class PhotoError(RestoreError):
    """A photo cannot be read or written, or is refused."""


class CheckpointError(RestoreError):
    """Weights are missing, damaged, foreign or dangerous."""


class TrainingError(RestoreError):
    """A training or an evaluation cannot start or go on."""


class RestorationCancelledError(RestoreError):
    """Whoever asked for the restoration no longer wants it."""
