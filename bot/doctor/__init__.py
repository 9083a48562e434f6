"""Looks over an installation and says what is wrong with it, without changing or making anything."""
