"""A real conda channel of real packages: this machine's CPython and PyPI's wheels, repacked as ``.conda``.

``python -m tests.channel OUT`` builds it; :mod:`tests.channel.cached` keeps one for the tests, the demo
and the benchmarks.
"""
