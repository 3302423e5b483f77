"""A reader's session: steps, undo, worklist, blinding. It needs no window system, and imports none."""
