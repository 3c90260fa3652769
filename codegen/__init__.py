"""The code generator: `openapi.yaml` and `upstreams/*.yaml` in, the whole of `generated/` out."""
