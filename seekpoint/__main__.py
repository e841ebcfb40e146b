"""`python -m seekpoint` is the `seekpoint` command."""

from seekpoint.cli.main import main

if __name__ == "__main__":
    main()
