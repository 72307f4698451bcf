"""Run as ``python -m login NAME``: asks for a password and prints a line for the password file."""

import getpass
import sys

from login.accounts import hashed


def main() -> int:
    """Print `name:scrypt$…`; the status is 2 without exactly one name."""
    if len(sys.argv) != 2:
        print("usage: python -m login NAME", file=sys.stderr)
        return 2
    print(f"{sys.argv[1]}:{hashed(getpass.getpass())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
