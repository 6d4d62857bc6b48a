"""What condadeps promises, room by room; the real parts it is tested on: ``channel`` and ``conftest``."""
