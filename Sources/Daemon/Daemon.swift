// Room Daemon.
