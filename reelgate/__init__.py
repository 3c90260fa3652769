"""The `reelgate` command. It speaks to a gateway through the generated client, as everybody else does."""
