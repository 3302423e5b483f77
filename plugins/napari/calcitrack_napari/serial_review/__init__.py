"""The widget *Serial review*."""
