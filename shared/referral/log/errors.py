"""What can go wrong between a process and the log."""


class NotDurable(Exception):
    """The log did not acknowledge in time. The lines may still arrive: send them again under the same ids."""


class Overloaded(Exception):
    """Too many lines wait for the log already; nothing of this was taken."""
