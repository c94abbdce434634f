"""Wire formats that several devices share: one engine each, the devices only name their fields."""
