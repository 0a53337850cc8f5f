"""Studies of unit economics, capacity and cash."""
