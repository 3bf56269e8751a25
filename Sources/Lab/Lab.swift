// Room Lab.
