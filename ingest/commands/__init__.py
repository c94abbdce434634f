"""The commands of this room, from `ingest` to `reprocess`. The door names their modules."""
