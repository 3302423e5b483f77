"""The widget *Calibrate film*."""
