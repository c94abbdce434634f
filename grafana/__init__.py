"""Show: Grafana's boards as code, and the files that give them to it."""
