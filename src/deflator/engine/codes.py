"""Codes that leave the compiled month; each member knows the sentence that a user reads."""

from __future__ import annotations

from enum import IntEnum

from deflator.messages import text


class Told(IntEnum):
    """A code with its sentence."""

    @property
    def sentence(self) -> str:
        """What the code means to a reader.

        Examples
        --------
        >>> Trigger.PAYMENT.sentence
        'missed a payment'
        """
        return text(f"codes.{type(self).__name__.lower()}.{self.name.lower()}")


class Status(Told):
    """How the simulation of a path ended."""

    OK = 0
    NOT_CLEARED = 1
    NOT_FINITE = 2


class Trigger(Told):
    """What made an entity break."""

    NONE = 0
    PAYMENT = 1
    COVENANT = 2
    MATURITY = 3
    INSOLVENCY = 4
    LIQUIDITY = 5
    EXTENSION = 6
    SHRINKAGE = 7
    CAPITAL = 8
    IMPOSED = 9


class Cause(Told):
    """Where the cash went that was missing at a break."""

    NONE = 0
    END_USER_REVENUE = 1
    CONTRACT_REVENUE = 2
    SPOT_REVENUE = 3
    LEASE_REVENUE = 4
    MISSED_RECEIPTS = 5
    EQUITY_RAISED = 6
    OPERATING_COST = 7
    LEASE_COST = 8
    COMPUTE_COST = 9
    INTEREST = 10
    PRINCIPAL = 11
    MATURITY = 12
    CAPITAL_SPENDING = 13
    MARGIN_CALL = 14


class Category(IntEnum):
    """Why a payment was made; every payment has one."""

    END_USERS = 0
    SPOT = 1
    EQUITY = 2
    EQUIPMENT = 3
    BUILDING = 4
    DRAW = 5
    OPERATIONS = 6
    LEASE = 7
    CONTRACT = 8
    INTEREST = 9
    PRINCIPAL = 10
    BANKRUPTCY = 11
    SALE = 12
    SUPPORT = 13
    PAYOUT = 14
    PREPAYMENT = 15
    CASH_INTEREST = 16
    UNITS_COST = 17


CAUSES = len(Cause)
CATEGORIES = len(Category)
