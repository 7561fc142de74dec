"""When to leave, and what it costs: recorded logits in, numbers out."""
