"""Tokens, palette, style sheet, fonts and icons: everything the window's look is made of."""
