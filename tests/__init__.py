"""What condadeps promises, room by room; the real parts they run on are in ``tests/channel`` and ``conftest``."""
