"""Process detection on simulated plants and public data: what is played, who judges it, what is counted."""
