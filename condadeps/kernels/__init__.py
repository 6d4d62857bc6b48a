"""Environments of their own, each with a kernel that Jupyter knows."""
