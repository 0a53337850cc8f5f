"""From the outside world to trusted tables: collection, checks, warehouse and analytics."""

import warnings

# Where PySpark is installed, pandera imports its pandas part, which warns of pandas 3: none of it
# is used.
warnings.filterwarnings("ignore", "PySpark does not yet", FutureWarning)
