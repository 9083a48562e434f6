"""Unblur for programs over HTTP: what the named endpoints do, and an OpenAI-compatible `/v1`."""
