"""Where vectors can be searched. Standard library only: settings are read before numpy is loaded."""

from enum import StrEnum


class Device(StrEnum):
    """What an operator can ask for."""

    AUTO = "auto"
    CPU = "cpu"
    GPU = "gpu"
