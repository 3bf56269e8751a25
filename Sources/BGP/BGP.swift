// Room BGP.
