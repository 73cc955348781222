"""The statistics: arrays in, frozen results out; nothing here knows of tables or pages."""
