// Room Configuration.
