"""Who may do what: local accounts, sessions, tokens of machines, roles."""

from infrastress.app.accounts.book import Account, Book, Session, Token, WrongPassword
from infrastress.app.accounts.permissions import ROLES, Identity, Permission, Role, may

__all__ = [
    "ROLES",
    "Account",
    "Book",
    "Identity",
    "Permission",
    "Role",
    "Session",
    "Token",
    "WrongPassword",
    "may",
]
