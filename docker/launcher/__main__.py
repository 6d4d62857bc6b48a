"""``python docker/launcher NAME [ARGUMENT…]`` runs the launcher's command ``NAME``; util/ has one file for
each.
"""

import sys

from secure_jupyter.command import main

sys.exit(main(sys.argv[1], sys.argv[2:]))
