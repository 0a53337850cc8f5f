"""Pictures and what they cost; the only place that imports torch or diffusers."""
