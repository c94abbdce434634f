"""The one command."""


def main() -> None:
    """Start it."""
