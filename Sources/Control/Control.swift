// Room Control.
