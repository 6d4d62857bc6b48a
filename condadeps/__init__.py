"""Install into a running kernel's environment: conda first, PyPI second, in one solve, and write it down."""

__version__ = "0.1.0"
