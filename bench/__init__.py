"""The benchmark: what a status poll and a create cost, through reelgate and through the LiteLLM proxy, in one run."""
