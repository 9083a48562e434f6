"""Briefs and lists of sources in, sources out: reads what users supply and writes it to the store."""
