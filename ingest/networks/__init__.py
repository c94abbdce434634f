"""What each network server sends, one module a server."""
