"""The parts of the report that are not figures."""
