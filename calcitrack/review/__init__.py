"""A reader's session: steps, undo, worklist, blinding. Knows no window system."""
