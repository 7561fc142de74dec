"""A sequential network over the layers."""

import torch
from torch import Tensor, nn

from pf_fairseq.modules.incorporation.strategy import Incorporation


class LstmIncorporation(Incorporation):
    """An LSTM reads the states in layer order; the last hidden output is the integrated state.

    Past and future share its parameters; the future starts from a zero memory of its own.

    Args:
        state_dim: width `D` of a state and of the LSTM.
    """

    def __init__(self, state_dim: int) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(state_dim, state_dim)

    def _start(self, states: Tensor) -> Tensor:
        return torch.zeros_like(states[:, 0])

    def forward(self, states: Tensor, detach_past: bool) -> Tensor:
        """Past of every exit, `(B, L, D)` to `(B, L, D)`.

        With `detach_past` the memory is read from detached states and each exit's own step from
        the live one, so that the cell's parameters still learn from the past.
        """
        hidden, carry = self._start(states), self._start(states)
        pasts: list[Tensor] = []
        for index in range(states.size(1)):
            live_hidden, live_carry = self.cell(states[:, index], (hidden, carry))
            pasts.append(live_hidden)
            if detach_past:
                hidden, carry = self.cell(states[:, index].detach(), (hidden, carry))
            else:
                hidden, carry = live_hidden, live_carry
        return torch.stack(pasts, dim=1)

    def alone(self, states: Tensor) -> Tensor:
        """G over a single state of each exit, `(B, L, D)` to `(B, L, D)`."""
        flat = states.flatten(0, 1)
        zero = torch.zeros_like(flat)
        hidden: Tensor = self.cell(flat, (zero, zero))[0]
        return hidden.view_as(states)

    def all_futures(self, imitated: Tensor) -> Tensor:
        """Future of every exit, `(B, L - 1, L - 1, D)` to `(B, L - 1, D)`.

        Target by target; exit `i` starts at its first future target, so the batch of exits that
        read grows by one a step.
        """
        n_exits = imitated.size(1)
        hidden = torch.zeros_like(imitated[:, :0, 0])
        carry = hidden
        for target in range(n_exits):
            zero = torch.zeros_like(imitated[:, :1, 0])
            hidden = torch.cat([hidden, zero], dim=1).flatten(0, 1)
            carry = torch.cat([carry, zero], dim=1).flatten(0, 1)
            inputs = imitated[:, : target + 1, target].flatten(0, 1)
            hidden, carry = self.cell(inputs, (hidden, carry))
            hidden = hidden.view(-1, target + 1, hidden.size(-1))
            carry = carry.view(-1, target + 1, carry.size(-1))
        return hidden
