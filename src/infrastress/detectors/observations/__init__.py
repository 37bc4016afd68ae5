"""What detectors of observations share: notices, episodes, deadlines, memory, people, doors and the ground between them."""
