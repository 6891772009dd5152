"""Archives in the window: configuring them, fetching studies, sending reports; nothing connects until one is on."""
