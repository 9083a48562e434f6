"""Photos in a conversation: where they are kept, how they are restored, and the tools that an agent has for it."""
