// Room Rtnetlink.
