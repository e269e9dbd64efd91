"""Every check of a symbol, in the order in which records are shown to them."""

import msgspec

from operators.quality.checksum import Checksum, ChecksumParams
from operators.quality.crossed_book import CrossedBook, CrossedBookParams
from operators.quality.finding import Check
from operators.quality.flaws import Flaws, FlawsParams
from operators.quality.impossible_trade import (
    Grid,
    ImpossibleTrade,
    ImpossibleTradeParams,
)
from operators.quality.late import Late, LateParams
from operators.quality.price_jump import PriceJump, PriceJumpParams
from operators.quality.sequence_gap import SequenceGap, SequenceGapParams
from operators.quality.stale import Stale, StaleParams
from operators.quality.thin_depth import ThinDepth, ThinDepthParams
from operators.quality.wide_spread import WideSpread, WideSpreadParams


class ChecksParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the checks, each as its own section says."""

    crossed_book: CrossedBookParams = CrossedBookParams()
    wide_spread: WideSpreadParams = WideSpreadParams()
    thin_depth: ThinDepthParams = ThinDepthParams()
    stale: StaleParams = StaleParams()
    sequence_gap: SequenceGapParams = SequenceGapParams()
    checksum: ChecksumParams = ChecksumParams()
    price_jump: PriceJumpParams = PriceJumpParams()
    flaws: FlawsParams = FlawsParams()
    late: LateParams = LateParams()
    impossible_trade: ImpossibleTradeParams = ImpossibleTradeParams()


def checks(params: ChecksParams, grid: Grid) -> list[Check]:
    """Return one of each, for one symbol.

    Args:
        params: Their settings.
        grid: Ticks and lots of all symbols, as far as they are known.
    """
    return [
        CrossedBook(params.crossed_book),
        WideSpread(params.wide_spread),
        ThinDepth(params.thin_depth),
        Stale(params.stale),
        SequenceGap(params.sequence_gap),
        Checksum(params.checksum),
        PriceJump(params.price_jump),
        Flaws(params.flaws),
        Late(params.late),
        ImpossibleTrade(params.impossible_trade, grid),
    ]
