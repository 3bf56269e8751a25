// Room Failover.
