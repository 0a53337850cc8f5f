"""The dashboard: pages, figures, words and reports over the published snapshot."""
