"""Tables and names of unit economics, capacity and cash."""
