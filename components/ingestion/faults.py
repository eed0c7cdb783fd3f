"""What is wrong with the files of a data set, gathered: kinds of faults, counts, first examples."""


class DataErrors(ValueError):
    """The files are not what they should be. Lists what is wrong, where, and what to do."""
