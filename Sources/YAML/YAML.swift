// Room YAML.
