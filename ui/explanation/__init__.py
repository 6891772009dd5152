"""Why: findings, note, image, with the checks that say whether to believe it."""
