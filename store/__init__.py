"""Sources in, evidence out: the data model, the table of sources, the vector index and the search."""
