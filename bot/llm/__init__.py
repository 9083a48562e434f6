"""Any language model behind the agent: asked with the evidence, read sentence by sentence, and shown only what holds."""
