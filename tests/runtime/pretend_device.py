"""A device that is not there: values lie on the CPU, and every wait for the device is noted.

On a GPU the host waits whenever a value comes back: `.item()`, `int(t)`, `bool(t)`, `.cpu()`,
`nonzero`, indexing with a mask. Here tensors "on the device" say that they lie on `meta`, so the
same code runs without a GPU, and what would wait, or mix devices, shows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

DEVICE = torch.device("meta")
aten = torch.ops.aten
# Their result's shape or value must be known to the host.
WAITING = {aten._local_scalar_dense, aten.nonzero, aten.masked_select, aten.equal, aten._unique2}


class OnDevice(torch.Tensor):
    """A tensor that claims to lie on `DEVICE`."""

    value: Tensor

    @staticmethod
    def __new__(cls, value: Tensor) -> "OnDevice":
        made = torch.Tensor._make_wrapper_subclass(
            cls, value.shape, strides=value.stride(), dtype=value.dtype, device=DEVICE
        )
        assert isinstance(made, OnDevice)
        made.value = value
        return made

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch declares no class method
        cls, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        raise AssertionError(f"{func} outside of PretendDevice")


class PretendDevice(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Runs operations of `OnDevice` tensors, and notes what the host would wait for.

    Attributes:
        downloads: operations that bring something from the device to the host.
        blocking_uploads: copies to the device that wait for it.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.downloads: list[str] = []
        self.blocking_uploads: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        tensors = [t for t in tree_flatten((args, kwargs))[0] if isinstance(t, Tensor)]
        on_device = [isinstance(t, OnDevice) for t in tensors]
        target = kwargs.get("device")
        to_device = any(on_device) if target is None else torch.device(target) == DEVICE
        if func.overloadpacket is aten._to_copy:
            self._note_copy(func, any(on_device), to_device, kwargs.get("non_blocking", False))
        elif any(on_device):
            self._note(func, args, tensors)
        if target is not None:
            kwargs["device"] = "cpu"
        result = func(*tree_map(_value, args), **tree_map(_value, kwargs))
        return tree_map(_wrap, result) if to_device else result

    def _note_copy(self, func: Any, comes: bool, goes: bool, non_blocking: bool) -> None:
        if comes and not goes:
            assert not non_blocking, (
                "a copy to the host that nobody waits for may be read too early"
            )
            self.downloads.append(str(func))
        elif goes and not comes and not non_blocking:
            self.blocking_uploads.append(str(func))

    def _note(self, func: Any, args: Sequence[Any], tensors: list[Tensor]) -> None:
        mixed = [t for t in tensors if not isinstance(t, OnDevice) and t.dim() > 0]
        assert not mixed, f"{func} mixes devices"
        masks = func.overloadpacket is aten.index and any(
            index is not None and index.dtype == torch.bool for index in args[1]
        )
        if func.overloadpacket in WAITING or masks:
            self.downloads.append(str(func))


def on_device(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Put named tensors on the device."""
    return {name: OnDevice(tensor.detach()) for name, tensor in tensors.items()}


def _value(each: Any) -> Any:
    return each.value if isinstance(each, OnDevice) else each


def _wrap(each: Any) -> Any:
    return OnDevice(each) if isinstance(each, Tensor) else each
