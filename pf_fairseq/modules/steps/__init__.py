"""Exits one layer at a time: what inference runs, made out of what training made."""

from pf_fairseq.modules.steps.step import ExitStep, ExitSteps

__all__ = ["ExitStep", "ExitSteps"]
