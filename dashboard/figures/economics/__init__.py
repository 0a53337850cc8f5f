"""Figures of the pages Unit economics and Overview."""
