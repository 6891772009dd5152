"""Clinical scores and risk models, and health-management reminders."""
