"""Question in, answer out: the agent, its grounding check, the command line and the page."""
