"""What may be concluded from observations. Pure."""
