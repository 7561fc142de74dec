"""Devices as people name them."""

import torch

from pf_fairseq.errors import InputError


def check_device(device: object, name: str) -> torch.device:
    """Take a device that this machine has and that can hold a model.

    Args:
        device: a text such as `cuda:0`, or torch's own device.
        name: of the flag or argument, for the error.

    Raises:
        InputError: if it is not there.
    """
    try:
        if not isinstance(device, str | torch.device):
            raise RuntimeError("neither a text nor a device of torch")
        found = torch.device(device)
        if found.type == "meta":
            raise RuntimeError("it computes nothing")
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"`{name}` must be a device that this machine and this torch have, but is "
            f"{str(device)!r} instead; use `cpu`."
        ) from error
    return found
