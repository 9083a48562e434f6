"""Many questions with their gold answers: read them, mark each answer, sum the marks up in a table."""
