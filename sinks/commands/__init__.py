"""The commands of this room. The door names their modules."""
