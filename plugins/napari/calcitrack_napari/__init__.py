"""Review calcinosis on serial radiographs in napari. What is computed is calcitrack's; here it is wired and shown."""
