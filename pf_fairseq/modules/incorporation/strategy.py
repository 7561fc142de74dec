"""What every incorporation strategy can do in training."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Incorporation(nn.Module, ABC):
    r"""G(.) of Eqs. (1) and (6).

    All exits at once (training):
        `forward(states, detach_past)`: `(B, L, D)` to the past of every exit `(B, L, O)`, where
        exit `i` sees s_1 .. s_i. With `detach_past`, the gradient of exit `i` reaches s_i but
        not the states before it (the parameters of G it reaches all the same).
        `alone(states)`: the same with only s_i itself to see (ablation: no past).
        `all_futures(imitated)`: `(B, L - 1, L - 1, D)` as the learners give it, to `(B, L - 1, O)`.

    `modules.steps.incorporation` has the same one layer after another, for inference.
    """

    @abstractmethod
    def forward(self, states: Tensor, detach_past: bool) -> Tensor: ...

    @abstractmethod
    def all_futures(self, imitated: Tensor) -> Tensor: ...

    def alone(self, states: Tensor) -> Tensor:
        """G over a single state: the state itself, unless G has parameters of its own."""
        return states
