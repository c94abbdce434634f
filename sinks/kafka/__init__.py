"""The journal and its books on Apache Kafka, for more messages or more machines than one journal file serves."""
