"""Made-up examples are the same at every run; HYPOTHESIS_EXPLORE=1 looks for new ones."""

import os

from hypothesis import settings

settings.register_profile("steady", derandomize=True)
if not os.environ.get("HYPOTHESIS_EXPLORE"):
    settings.load_profile("steady")
