"""Alerting as code: rules, who is told, and when it is quiet; written as Grafana's provisioning files."""
