"""`python -m hearken` is the same program as `hearken`."""

from hearken.cli.main import run

if __name__ == "__main__":
    run()
