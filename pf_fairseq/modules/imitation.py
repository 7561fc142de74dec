"""Imitation learners: guess the states that the encoder has not computed yet."""

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pf_fairseq.modules.choices import check_choice

LEARNER_ACTIVATIONS = ("none", "tanh")


def future_mask(n_layers: int, device: torch.device) -> Tensor:
    """Which targets lie in the future of which exit.

    Returns:
        bool `(L - 1, L - 1)`: row `i - 1` is exit `i`, column `j - 2` is target layer `j`;
        True where `j > i`.
    """
    n_exits = n_layers - 1
    return torch.ones(n_exits, n_exits, dtype=torch.bool, device=device).triu()


class ImitationLearners(nn.Module):
    r"""One learner per target layer, stacked so that an exit needs one product.

    Liao et al. (2021), Eq. (2): :math:`\hat s_j^i = W_j s_i + b_j` for
    :math:`i < j \le n`. Learner `j` serves every exit before it; exit `i` uses the slice of
    learners `i + 1 .. n`. Layer 1 is never imitated, so `n - 1` are kept. With `tanh` the
    learner's output is squashed as a pooled state is, which the paper's formula does not have
    (the released code of its authors does).

    Args:
        state_dim: width `D` of a state.
        n_layers: depth `n` of the encoder, at least 2.
        activation: one of `LEARNER_ACTIVATIONS`.

    Raises:
        ValueError: if `n_layers` leaves no state to imitate, or the activation is unknown.
    """

    squash: Final[bool]

    def __init__(self, state_dim: int, n_layers: int, *, activation: str = "none") -> None:
        super().__init__()
        if n_layers < 2:
            raise ValueError(
                f"`n_layers` must be at least 2 so that a state is left to imitate, "
                f"but is {n_layers} instead."
            )
        check_choice("learner_activation", activation, LEARNER_ACTIVATIONS)
        self.state_dim = state_dim
        self.squash = activation == "tanh"
        self.stacked = nn.Linear(state_dim, (n_layers - 1) * state_dim)
        nn.init.normal_(self.stacked.weight, std=0.02)
        nn.init.zeros_(self.stacked.bias)

    def imitate_all(self, states: Tensor) -> Tensor:
        """Let every exit but the last imitate every target, in one product.

        Twice the products that are needed (`future_mask` tells which count), but one large
        matrix product where training would else launch `n - 1` small ones.

        Args:
            states: of exits 1 .. n - 1, `(B, n - 1, D)`.

        Returns:
            `(B, n - 1, n - 1, D)`: exit `i` in row `i - 1`, target `j` in column `j - 2`.
        """
        return self._arrange(self.stacked(states))

    @torch.jit.unused
    def imitate_all_twice(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """`imitate_all` for two uses, of which the second trains the learners alone.

        The values are the same; the second sends no gradient back to `states`.
        """
        first, second = _TwoUses.apply(  # type: ignore[no-untyped-call]
            states, self.stacked.weight, self.stacked.bias
        )
        return self._arrange(first), self._arrange(second)

    def _arrange(self, flat: Tensor) -> Tensor:
        n_exits = flat.size(1)
        imitated = flat.view(-1, n_exits, n_exits, self.state_dim)
        return torch.tanh(imitated) if self.squash else imitated


class _TwoUses(torch.autograd.Function):
    """`F.linear` with two outputs of the same values; the second leaves the input alone.

    Detaching the input for the second use would take the product of all learners once more.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        output = F.linear(inputs, weight, bias)
        # Under autocast the output has its own dtype, which the gradients will have, too.
        ctx.set_materialize_grads(False)  # an output that no loss uses sends None, not zeros
        ctx.save_for_backward(inputs.to(output.dtype), weight.to(output.dtype))
        return output, output.view_as(output)

    @staticmethod
    def backward(
        ctx: Any, first: Tensor | None, second: Tensor | None
    ) -> tuple[Tensor | None, Tensor, Tensor]:
        inputs, weight = ctx.saved_tensors
        to_inputs = None if first is None else first @ weight
        given = [gradient for gradient in (first, second) if gradient is not None]
        both = (given[0] + given[1] if len(given) == 2 else given[0]).flatten(end_dim=-2)
        return to_inputs, both.T @ inputs.flatten(end_dim=-2), both.sum(dim=0)
