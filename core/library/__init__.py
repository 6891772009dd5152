"""What the program knows, to be read by a person: every condition, finding, medicine, plan and score with its source."""
