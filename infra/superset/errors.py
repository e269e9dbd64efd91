"""What can go wrong with Superset."""


class SupersetError(Exception):
    """Superset that cannot be installed, set up or served: what, where, what to do."""


class ToldError(Exception):
    """We were told to end in the midst of something."""
