"""The project's own benchmark: real messages through a real broker and the real command into real stores."""
