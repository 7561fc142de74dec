"""Strategies G(.) that make one state out of many, Eqs. (1) and (6)."""

from pf_fairseq.modules.choices import check_choice
from pf_fairseq.modules.incorporation.attention import AttentionIncorporation
from pf_fairseq.modules.incorporation.concat import ConcatIncorporation
from pf_fairseq.modules.incorporation.lstm import LstmIncorporation
from pf_fairseq.modules.incorporation.pooling import AvgIncorporation, MaxIncorporation
from pf_fairseq.modules.incorporation.strategy import Incorporation

INCORPORATIONS = ("concat", "max", "avg", "attn", "lstm")


def build_incorporation(name: str, state_dim: int, n_layers: int, output_dim: int) -> Incorporation:
    """Make the strategy `name` for states of width `state_dim`.

    Args:
        name: one of `INCORPORATIONS`.
        state_dim: width `D` of a state.
        n_layers: depth `n`.
        output_dim: width of what G gives; other than `D` only with `concat`.

    Raises:
        ValueError: if the name is unknown.
    """
    check_choice("incorporation", name, INCORPORATIONS)
    if name == "concat":
        return ConcatIncorporation(state_dim, n_layers, output_dim)
    if name == "max":
        return MaxIncorporation()
    if name == "avg":
        return AvgIncorporation()
    if name == "attn":
        return AttentionIncorporation(state_dim)
    return LstmIncorporation(state_dim)


__all__ = [
    "INCORPORATIONS",
    "AttentionIncorporation",
    "AvgIncorporation",
    "ConcatIncorporation",
    "Incorporation",
    "LstmIncorporation",
    "MaxIncorporation",
    "build_incorporation",
]
