"""Safe to own: backup, restore, upgrade, and export in open formats."""
