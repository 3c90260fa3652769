"""The benchmark: what polls, creates and downloads cost beside the LiteLLM proxy, and what one server bears."""
