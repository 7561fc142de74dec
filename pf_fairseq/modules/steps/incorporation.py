"""Strategies G(.) at one layer: the past as a memory that is carried on, and the future."""

import math
from abc import ABC, abstractmethod
from typing import Final

import torch
from torch import Tensor, nn

from pf_fairseq.modules.incorporation import (
    AttentionIncorporation,
    AvgIncorporation,
    ConcatIncorporation,
    Incorporation,
    LstmIncorporation,
    MaxIncorporation,
)
from pf_fairseq.modules.steps.step import own_linear


class IncorporationStep(nn.Module, ABC):
    """G(.) of Eqs. (1) and (6) at one layer.

    Attributes:
        memory_dim: numbers that the past takes, in fp32; zeros before the first layer.
    """

    memory_dim: int

    @abstractmethod
    def remember(self, memory: Tensor, state: Tensor) -> Tensor:
        """Memory fp32 `(B, m)` after the state `(B, D)` of this layer."""

    @abstractmethod
    def past(self, memory: Tensor, state: Tensor) -> Tensor:
        """Past `(B, O)` of the exit, in the dtype of `state`."""

    @abstractmethod
    def future(self, imitated: Tensor) -> Tensor:
        """Future `(B, O)`, from the imitated states `(B, n - i, D)`, nearest layer first."""


class MaxStep(IncorporationStep):
    """Running element-wise maximum."""

    first: Final[bool]

    def __init__(self, state_dim: int, n_seen: int) -> None:
        super().__init__()
        self.memory_dim = state_dim
        self.first = n_seen == 1

    def remember(self, memory: Tensor, state: Tensor) -> Tensor:
        """The maximum so far."""
        state = state.to(torch.float32)
        return state if self.first else torch.maximum(memory, state)

    def past(self, memory: Tensor, state: Tensor) -> Tensor:
        """The maximum so far."""
        return memory.to(state.dtype)

    def future(self, imitated: Tensor) -> Tensor:
        """Maximum of the imitated states."""
        return imitated.amax(dim=1)


class AvgStep(IncorporationStep):
    """Running sum, divided by the number of layers."""

    def __init__(self, state_dim: int, n_seen: int) -> None:
        super().__init__()
        self.memory_dim = state_dim
        self.n_seen = n_seen

    def remember(self, memory: Tensor, state: Tensor) -> Tensor:
        """The sum so far."""
        state = state.to(torch.float32)
        return state if self.n_seen == 1 else memory + state

    def past(self, memory: Tensor, state: Tensor) -> Tensor:
        """The mean so far."""
        return (memory / self.n_seen).to(state.dtype)

    def future(self, imitated: Tensor) -> Tensor:
        """Mean of the imitated states."""
        return imitated.mean(dim=1)


class AttentionStep(IncorporationStep):
    """All states so far, each at its place, and the last one's query.

    Args:
        query: the learned map, shared by all layers.
        n_seen: states that the past holds.
        n_places: places for states in the memory.
    """

    def __init__(self, query: nn.Linear, n_seen: int, n_places: int) -> None:
        super().__init__()
        self.query = query
        self.state_dim = query.in_features
        self.memory_dim = n_places * self.state_dim
        self.begin = (n_seen - 1) * self.state_dim
        self.end = n_seen * self.state_dim
        self.n_seen = n_seen
        self.scale = 1.0 / math.sqrt(self.state_dim)

    def remember(self, memory: Tensor, state: Tensor) -> Tensor:
        """Put the state at its place."""
        state = state.to(torch.float32)
        return torch.cat([memory[:, : self.begin], state, memory[:, self.end :]], dim=1)

    def past(self, memory: Tensor, state: Tensor) -> Tensor:
        """Attend to the states so far, with this layer's as query."""
        seen = memory[:, : self.end].to(state.dtype)
        return self._pool(seen.view(-1, self.n_seen, self.state_dim))

    def future(self, imitated: Tensor) -> Tensor:
        """Attend to the imitated states, with the last as query."""
        return self._pool(imitated)

    def _pool(self, states: Tensor) -> Tensor:
        query = self.query(states[:, -1])
        scores = (query.unsqueeze(1) * states).sum(dim=-1).to(torch.float32) * self.scale
        weights = torch.softmax(scores, dim=-1).to(states.dtype)
        return (weights.unsqueeze(-1) * states).sum(dim=1)


class ConcatStep(IncorporationStep):
    """Running sum of one block's product a layer.

    Args:
        block: of this layer.
        later: of the layers after it, those that their own steps use.
        bias: `(O,)`.
        n_seen: states that the past holds.
    """

    first: Final[bool]
    bias: Tensor

    def __init__(self, block: nn.Linear, later: list[nn.Linear], bias: Tensor, n_seen: int) -> None:
        super().__init__()
        self.block = block
        self.later = nn.ModuleList(later)
        self.register_buffer("bias", bias.detach().clone())
        self.memory_dim = block.out_features
        self.first = n_seen == 1

    def remember(self, memory: Tensor, state: Tensor) -> Tensor:
        """The sum so far."""
        term: Tensor = self.block(state).to(torch.float32)
        return term if self.first else memory + term

    def past(self, memory: Tensor, state: Tensor) -> Tensor:
        """The sum so far, and the bias."""
        return (memory + self.bias.to(torch.float32)).to(state.dtype)

    def future(self, imitated: Tensor) -> Tensor:
        """Sum of the later blocks' products, summed in fp32."""
        total = self.bias.to(torch.float32)
        for index, block in enumerate(self.later):
            total = total + block(imitated[:, index]).to(torch.float32)
        return total.to(imitated.dtype)


class LstmStep(IncorporationStep):
    """One more step of the LSTM; the memory is its hidden output and its cell.

    Args:
        of_input: the four gates' part of the input, shared by all layers.
        of_hidden: their part of the hidden output, likewise.
        n_seen: states that the past holds.
    """

    first: Final[bool]

    def __init__(self, of_input: nn.Linear, of_hidden: nn.Linear, n_seen: int) -> None:
        super().__init__()
        self.of_input = of_input
        self.of_hidden = of_hidden
        self.state_dim = of_hidden.in_features
        self.memory_dim = 2 * self.state_dim
        self.first = n_seen == 1

    def remember(self, memory: Tensor, state: Tensor) -> Tensor:
        """Read one more state."""
        return self._read(torch.zeros_like(memory) if self.first else memory, state)

    def past(self, memory: Tensor, state: Tensor) -> Tensor:
        """The hidden output."""
        return memory[:, : self.state_dim].to(state.dtype)

    def future(self, imitated: Tensor) -> Tensor:
        """Read the imitated states from the start."""
        memory = torch.zeros_like(imitated[:, 0], dtype=torch.float32).repeat(1, 2)
        for index in range(imitated.size(1)):
            memory = self._read(memory, imitated[:, index])
        return memory[:, : self.state_dim].to(imitated.dtype)

    def _read(self, memory: Tensor, state: Tensor) -> Tensor:
        hidden, carry = memory[:, : self.state_dim], memory[:, self.state_dim :]
        gates = (self.of_input(state) + self.of_hidden(hidden.to(state.dtype))).to(torch.float32)
        into, forget, candidate, out = gates.chunk(4, dim=1)
        carry = torch.sigmoid(forget) * carry + torch.sigmoid(into) * torch.tanh(candidate)
        hidden = torch.sigmoid(out) * torch.tanh(carry)
        return torch.cat([hidden, carry], dim=1)


def incorporation_steps(
    g: Incorporation, state_dim: int, n_layers: int, *, use_past: bool
) -> list[IncorporationStep]:
    """G at every layer.

    Args:
        g: as it was trained.
        state_dim: width `D` of a state.
        n_layers: depth `n`.
        use_past: whether an exit sees the states of earlier layers, or its own alone.
    """
    seen = [layer if use_past else 1 for layer in range(1, n_layers + 1)]
    if isinstance(g, ConcatIncorporation):
        blocks = [own_linear(block) for block in g.blocks]
        return [ConcatStep(blocks[i], blocks[i + 1 :], g.bias, n) for i, n in enumerate(seen)]
    if isinstance(g, AttentionIncorporation):
        query = own_linear(g.query.weight)
        return [AttentionStep(query, n, seen[-1]) for n in seen]
    if isinstance(g, LstmIncorporation):
        of_input = own_linear(g.cell.weight_ih, g.cell.bias_ih)
        of_hidden = own_linear(g.cell.weight_hh, g.cell.bias_hh)
        return [LstmStep(of_input, of_hidden, n) for n in seen]
    if isinstance(g, MaxIncorporation):
        return [MaxStep(state_dim, n) for n in seen]
    assert isinstance(g, AvgIncorporation)
    return [AvgStep(state_dim, n) for n in seen]
