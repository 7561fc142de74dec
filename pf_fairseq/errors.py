"""The one exception that means "the user can mend this"."""


class InputError(ValueError):
    """Bad input from outside: one sentence with what is wrong, the value, and the remedy.

    Commands turn it into exit status 2; inside fairseq's own commands it becomes `SystemExit`.
    """


def list_problems(heading: str, problems: list[str], limit: int = 20) -> InputError:
    """Join every problem found into one error, so that a user mends them all in one go.

    Args:
        heading: the sentence that says what is wrong and how to mend it.
        problems: one line each; at least one.
        limit: how many lines are shown; the rest is counted.
    """
    shown = problems[:limit]
    if len(problems) > limit:
        shown.append(f"... and {len(problems) - limit} more")
    return InputError("\n".join([heading, *(f"  {line}" for line in shown)]))
