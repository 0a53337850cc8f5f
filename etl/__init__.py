"""From the outside world to trusted tables: collection, checks, warehouse and analytics."""
