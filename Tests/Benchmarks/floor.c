// The physical floor: what C does at the least from an address event to two TCP connections.
//
//   floor LOCAL SERVER SERVER PREFIXES INTERFACE
//
// It hears addresses and links by epoll and sends fixed UPDATEs of so many prefixes to each route
// server for every address that comes to or leaves INTERFACE, and whenever its link begins or ceases
// to run: no decision, no table, no timer. What is slower than this is hopshift's own doing.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	local_asn = 65001, header = 19, open_type = 1, keepalive_type = 4,
	update_limit = 4096,
	per_update = 800,	// 41 bytes stand in front of them
	most_prefixes = 200000,
};

static void read_exactly(int from, uint8_t *bytes, size_t count)
{
	while (count > 0) {
		ssize_t got = read(from, bytes, count);
		if (got <= 0)
			err(1, "the route server left");
		bytes += got;
		count -= (size_t)got;
	}
}

static void expect(int from, uint8_t type)
{
	uint8_t message[4096];
	read_exactly(from, message, header);
	size_t length = (size_t)message[16] << 8 | message[17];
	if (length < header || length > sizeof message || message[18] != type)
		errx(1, "message of type %d instead of %d", message[18], type);
	read_exactly(from, message + header, length - header);
}

// RFC 4271 section 4.2, hold time 0: no KEEPALIVE is due from either side.
static int session(struct in_addr local, const char *server)
{
	uint8_t open[header + 10] = {[16] = 0, [17] = sizeof open, [18] = open_type, [19] = 4};
	uint8_t keepalive[header] = {[17] = header, [18] = keepalive_type};
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = local};
	struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(179)};
	int on = 1, tcp = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, server, &there.sin_addr);
	memset(open, 0xff, 16);
	memset(keepalive, 0xff, 16);
	open[20] = local_asn >> 8;
	open[21] = local_asn & 0xff;
	memcpy(open + 24, &local, 4);
	if (bind(tcp, (struct sockaddr *)&here, sizeof here) < 0
	    || connect(tcp, (struct sockaddr *)&there, sizeof there) < 0
	    || setsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0
	    || write(tcp, open, sizeof open) != sizeof open)
		err(1, "session with %s", server);
	expect(tcp, open_type);
	if (write(tcp, keepalive, sizeof keepalive) != sizeof keepalive)
		err(1, "KEEPALIVE to %s", server);
	expect(tcp, keepalive_type);
	return tcp;
}

// Host prefixes from 100.64.0.0 on, `first` to `last`, with ORIGIN IGP, AS_PATH 65001 and NEXT_HOP
// (RFC 4271 section 4.3).
static size_t make_update(uint8_t *to, struct in_addr next_hop, uint32_t first, uint32_t last)
{
	static const uint8_t attributes[] = {
		0x40, 1, 1, 0,
		0x40, 2, 4, 2, 1, local_asn >> 8, local_asn & 0xff,
		0x40, 3, 4,
	};
	uint8_t *at = to + header;
	memset(to, 0xff, 16);
	*at++ = 0;
	*at++ = 0;
	*at++ = 0;
	*at++ = sizeof attributes + 4;
	memcpy(at, attributes, sizeof attributes);
	at += sizeof attributes;
	memcpy(at, &next_hop, 4);
	at += 4;
	for (uint32_t number = first; number < last; number++) {
		uint32_t bits = htonl(0x64400000u + number);
		*at++ = 32;
		memcpy(at, &bits, 4);
		at += 4;
	}
	to[16] = (uint8_t)((at - to) >> 8);
	to[17] = (uint8_t)(at - to);
	to[18] = 2;
	return (size_t)(at - to);
}

// As a daemon with two sessions has to: neither waits for the other to take its bytes.
static void send_to_both(const int servers[2], const uint8_t *bytes, size_t size)
{
	size_t sent[2] = {0, 0};
	while (sent[0] < size || sent[1] < size) {
		struct pollfd ready[2];
		for (int i = 0; i < 2; i++) {
			ssize_t took = 0;
			if (sent[i] < size)
				took = send(servers[i], bytes + sent[i], size - sent[i],
					    MSG_NOSIGNAL | MSG_DONTWAIT);
			if (took < 0 && errno != EAGAIN)
				err(1, "send");
			sent[i] += took > 0 ? (size_t)took : 0;
			ready[i] = (struct pollfd){.fd = sent[i] < size ? servers[i] : -1, .events = POLLOUT};
		}
		if (sent[0] < size || sent[1] < size)
			poll(ready, 2, -1);
	}
}

// Whether this is an address of the interface, or its link that begins or ceases to run. One address
// that comes is one message; a link speaks many times.
static bool is_event(const struct nlmsghdr *message, size_t size, int interface, bool *runs)
{
	for (; NLMSG_OK(message, size); message = NLMSG_NEXT(message, size)) {
		if (message->nlmsg_type == RTM_NEWADDR || message->nlmsg_type == RTM_DELADDR) {
			const struct ifaddrmsg *address = NLMSG_DATA(message);
			if ((int)address->ifa_index == interface && address->ifa_family == AF_INET)
				return true;
		} else if (message->nlmsg_type == RTM_NEWLINK) {
			const struct ifinfomsg *link = NLMSG_DATA(message);
			bool now = (link->ifi_flags & IFF_UP) && (link->ifi_flags & IFF_RUNNING);
			if (link->ifi_index == interface && now != *runs) {
				*runs = now;
				return true;
			}
		}
	}
	return false;
}

int main(int count, char **words)
{
	static uint8_t buffer[65536];
	struct sockaddr_nl groups = {
		.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_LINK,
	};
	struct epoll_event wanted = {.events = EPOLLIN};
	struct in_addr local;

	uint32_t prefixes = count == 6 ? (uint32_t)atoi(words[4]) : 0;
	int interface = count == 6 ? (int)if_nametoindex(words[5]) : 0;
	bool runs = true;
	if (prefixes < 1 || prefixes > most_prefixes || inet_pton(AF_INET, words[1], &local) != 1
	    || interface == 0)
		errx(2, "usage: floor LOCAL SERVER SERVER PREFIXES INTERFACE");
	uint8_t *updates = malloc((prefixes / per_update + 1) * update_limit);
	size_t size = 0;
	if (!updates)
		err(1, "no memory");
	for (uint32_t first = 0; first < prefixes; first += per_update) {
		uint32_t last = first + per_update < prefixes ? first + per_update : prefixes;
		size += make_update(updates + size, local, first, last);
	}
	int netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	int poller = epoll_create1(0);
	if (bind(netlink, (struct sockaddr *)&groups, sizeof groups) < 0
	    || epoll_ctl(poller, EPOLL_CTL_ADD, netlink, &wanted) < 0)
		err(1, "netlink");
	int servers[2] = {session(local, words[2]), session(local, words[3])};
	for (;;) {
		struct epoll_event ready;
		struct iovec piece = {buffer, sizeof buffer};
		struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
		if (epoll_wait(poller, &ready, 1, -1) != 1)
			continue;
		ssize_t got = recvmsg(netlink, &message, 0);
		if (got > 0 && is_event((const struct nlmsghdr *)buffer, (size_t)got, interface, &runs))
			send_to_both(servers, updates, size);
	}
}
