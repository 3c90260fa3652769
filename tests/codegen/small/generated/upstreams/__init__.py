# Generated from upstreams/*.yaml by `make generate`. Do not edit.
