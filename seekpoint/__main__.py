"""The `seekpoint` command, also as `python -m seekpoint`."""

from seekpoint.cli.interrupt import handle_interrupts


def main() -> None:
    """Handle interrupts, then import the command: that takes longer than all before."""
    handle_interrupts()
    from seekpoint.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
