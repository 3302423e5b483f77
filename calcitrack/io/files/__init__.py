"""Files and archives as bytes: sources, limits and names."""
