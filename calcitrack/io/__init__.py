"""The only floor that touches disk or network."""
