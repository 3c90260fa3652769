"""The benchmark: what a status poll and a create cost beside the LiteLLM proxy, and what one server bears."""
