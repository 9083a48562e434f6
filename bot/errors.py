"""What can go wrong on the way from a question to an answer."""


class UserError(Exception):
    """A user's mistake, told in one line: what happened, what to do. The command line exits with 2."""
