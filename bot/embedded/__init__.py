"""The embedded model: answers without weights, network or key, from exact sentences of the evidence."""
