"""Rewriting notebooks that install by ipydeps, pip or conda, into ``%condadeps``."""
