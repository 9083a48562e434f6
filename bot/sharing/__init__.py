"""Many people at one page: who is who, what is whose, and how much each may use.

Nothing here knows what the page looks like; it stands in front of every route of the application.
"""
