"""Who may log in where the tests share the page."""

PASSWORDS = {"alice": "correct horse", "bob": "battery staple"}
