"""A login in front of a web page: any ASGI application, with nothing but Python's library.

``wall`` puts it there; `python -m login NAME` makes a line for the password file.
"""

from login.accounts import Accounts, PasswordFileError, make
from login.wall import EVERYBODY, SESSION, USER, wall

__all__ = ["EVERYBODY", "SESSION", "USER", "Accounts", "PasswordFileError", "make", "wall"]
