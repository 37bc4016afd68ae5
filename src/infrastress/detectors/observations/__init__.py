"""What detectors of observations share: notices, episodes, deadlines, memory, people, doors, the ground."""
