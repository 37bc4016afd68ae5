"""The demo: headless with its scores (`headless`), or live at the console (`live`)."""
