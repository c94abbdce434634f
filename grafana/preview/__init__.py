"""A board drawn without Grafana, from the same queries: a picture for a README, and no more than that."""
