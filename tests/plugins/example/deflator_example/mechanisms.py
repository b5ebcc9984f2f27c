"""Two mechanisms: one that moves money from one account to others, and one that makes money, which a run refuses."""

from numba import njit

from deflator.engine.layout import NEOCLOUD
from deflator.plugins import Mechanism

INVESTORS = 1  # position of world_investors among the accounts that are settled with outside the book
_MUSD_A_MONTH = 25.0


@njit(nogil=True, error_model="numpy")
def _subsidise(t, block):
    """Pay every neocloud in business a fixed sum a month while it lasts, out of the investors' account."""
    entities, payer = block.entities, block.world.role[INVESTORS]
    for i in range(entities.layer.size):
        if entities.layer[i] != NEOCLOUD or entities.account[i] != i:
            continue
        for lane in range(block.paths.size):
            paid = _MUSD_A_MONTH * entities.going[i, lane]
            entities.cash[i, lane] += paid
            entities.cash[payer, lane] -= paid


@njit(nogil=True, error_model="numpy")
def _print_money(t, block):
    """Give every account a million for nothing."""
    for i in range(block.entities.layer.size):
        for lane in range(block.paths.size):
            block.entities.cash[i, lane] += 1.0


RENT_SUBSIDY = Mechanism("Investors pay each neocloud USD 25 m a month for as long as it is in business.", _subsidise)
MONEY_PRESS = Mechanism("Makes money; a run with it fails, since its accounts do not add up.", _print_money)
