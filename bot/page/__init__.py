"""The chat in a browser: what it shows, how it behaves, and the server that hands it out."""
