"""What the control room does with reports: read, answer, judge, erase; and what reporters are told of it."""
