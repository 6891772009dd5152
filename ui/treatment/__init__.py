"""Treatment: plan options, safety alerts, interactions, follow-up."""
