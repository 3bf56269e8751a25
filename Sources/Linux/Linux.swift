// Room Linux.
