"""Overrides: one document, kept by a site, that says how its people get certain projects and packages.

:func:`condadeps.overrides.source.read` fetches it, :func:`condadeps.overrides.steer.steer` applies it.
"""
