// Kernel rtnetlink structures and numbers: UAPI headers only, no libc, so that a pure room may import them.
#ifndef HOPSHIFT_CNETLINK_H
#define HOPSHIFT_CNETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/if_link.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>

// The names below are casts or clash with glibc's <net/if.h>, so they do not import; each is restated from its macro.
enum {
  cnetlink_nlmsg_alignto = NLMSG_ALIGNTO,
  cnetlink_nlmsg_hdrlen = NLMSG_HDRLEN,
  cnetlink_rta_alignto = RTA_ALIGNTO,
  cnetlink_rta_hdrlen = sizeof(struct rtattr),
  cnetlink_nla_type_mask = NLA_TYPE_MASK & 0xffff,
  cnetlink_iff_up = 1 << 0,         // linux/if.h IFF_UP
  cnetlink_iff_loopback = 1 << 3,   // linux/if.h IFF_LOOPBACK
  cnetlink_iff_slave = 1 << 11,     // linux/if.h IFF_SLAVE
  cnetlink_iff_lower_up = 1 << 16,  // linux/if.h IFF_LOWER_UP
};

#endif
