"""The frame around every screen: app bar, rail, job strip, status bar."""
