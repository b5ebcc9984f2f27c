"""Codes that leave the compiled month; each member carries the sentence that a user reads."""

from __future__ import annotations

from enum import IntEnum


class Told(IntEnum):
    """A code with its sentence."""

    def __new__(cls, value: int, sentence: str = "") -> Told:
        """Make a member from its number and its sentence."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence  # type: ignore[attr-defined]
        return member


class Status(Told):
    """How the simulation of a path ended."""

    OK = 0, "The path ran to its horizon."
    NOT_CLEARED = (
        1,
        "Payments of a month did not converge within the allowed rounds; the path is not counted.",
    )
    NOT_FINITE = 2, "A figure of the path is not a number; the path is not counted."


class Trigger(Told):
    """What made an entity break."""

    NONE = 0, "did not break"
    PAYMENT = 1, "missed a payment"
    COVENANT = 2, "event of default past cure"
    MATURITY = 3, "could not repay or refinance debt that fell due"
    INSOLVENCY = 4, "liabilities above assets for six months"
    LIQUIDITY = 5, "cash below one month of obligations and no market to raise more"
    EXTENSION = 6, "lenders waived a breach or extended a loan"
    SHRINKAGE = 7, "the cohort shrank to half"
    CAPITAL = 8, "losses used up the lender's capital"
    IMPOSED = 9, "the scenario lets it stop paying"


class Cause(Told):
    """Where the cash went that was missing at a break."""

    NONE = 0, "no cause recorded"
    END_USER_REVENUE = 1, "less revenue from end users"
    CONTRACT_REVENUE = 2, "less revenue from contracts"
    SPOT_REVENUE = 3, "less revenue from uncommitted units"
    LEASE_REVENUE = 4, "less rent from tenants"
    MISSED_RECEIPTS = 5, "payments that others missed"
    EQUITY_RAISED = 6, "less equity raised"
    OPERATING_COST = 7, "higher operating cost"
    LEASE_COST = 8, "higher rent for space"
    COMPUTE_COST = 9, "more compute bought"
    INTEREST = 10, "more interest"
    PRINCIPAL = 11, "more principal repaid on schedule"
    MATURITY = 12, "debt that fell due"
    CAPITAL_SPENDING = 13, "equipment and building paid out of cash"
    MARGIN_CALL = 14, "collateral calls and sweeps"


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
