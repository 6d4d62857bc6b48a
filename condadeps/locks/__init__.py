"""Environments written down exactly: every file by its URL and hash. One module a format."""
