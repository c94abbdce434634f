"""InfluxDB: data model, line protocol, writing and reading."""
