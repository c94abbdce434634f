"""What we keep, and where: the ports and their implementations."""
