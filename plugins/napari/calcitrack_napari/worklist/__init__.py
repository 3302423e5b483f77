"""The widget *Worklist*."""
