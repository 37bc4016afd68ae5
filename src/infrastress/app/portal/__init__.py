"""The portal: where staff and neighbours report; a process of its own, so that no crowd slows the control room."""
