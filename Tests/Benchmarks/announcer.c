// What people put beside a BGP speaker without eyes: prints a line for each address that comes or goes.
//
//   announcer INTERFACE FIRST COME GO
//
// COME and GO hold one %s, the address; FIRST is printed at the start when it is not empty. While the
// link does not run, its addresses are gone. Written with one write() a line, since a pipe's reader
// waits.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { most_addresses = 16 };

static struct in_addr held[most_addresses];
static int count;

static void say(const char *format, struct in_addr address)
{
	char text[INET_ADDRSTRLEN], line[256];
	const char *mark = strstr(format, "%s");
	if (!mark)
		errx(2, "no %%s in %s", format);
	inet_ntop(AF_INET, &address, text, sizeof text);
	int size = snprintf(line, sizeof line, "%.*s%s%s\n", (int)(mark - format), format, text,
			    mark + 2);
	if (write(1, line, (size_t)size) != size)
		err(1, "standard output");
}

static void hear_address(const struct nlmsghdr *message, int interface, char **formats)
{
	const struct ifaddrmsg *address = NLMSG_DATA(message);
	const struct rtattr *attribute = IFA_RTA(address);
	int size = (int)IFA_PAYLOAD(message), at = 0;
	struct in_addr local;

	if ((int)address->ifa_index != interface)
		return;
	while (RTA_OK(attribute, size) && attribute->rta_type != IFA_LOCAL)
		attribute = RTA_NEXT(attribute, size);
	if (!RTA_OK(attribute, size))
		return;
	memcpy(&local, RTA_DATA(attribute), sizeof local);
	while (at < count && held[at].s_addr != local.s_addr)
		at++;
	if (message->nlmsg_type == RTM_NEWADDR) {
		if (at == most_addresses)
			errx(1, "more than %d addresses", most_addresses);
		if (at == count)
			held[count++] = local;
		say(formats[0], local);
	} else if (at < count) {
		held[at] = held[--count];
		say(formats[1], local);
	}
}

int main(int words, char **word)
{
	static char buffer[65536];
	struct sockaddr_nl groups = {
		.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_LINK,
	};
	int interface = words == 5 ? (int)if_nametoindex(word[1]) : 0;
	int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	bool runs = true;

	if (interface == 0)
		errx(2, "usage: announcer INTERFACE FIRST COME GO");
	if (netlink < 0 || bind(netlink, (struct sockaddr *)&groups, sizeof groups) < 0)
		err(1, "netlink");
	if (*word[2] && dprintf(1, "%s\n", word[2]) < 0)
		err(1, "standard output");
	for (;;) {
		ssize_t got = recv(netlink, buffer, sizeof buffer, 0);
		if (got < 0)
			err(1, "netlink");
		const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
		for (size_t left = (size_t)got; NLMSG_OK(message, left);
		     message = NLMSG_NEXT(message, left)) {
			if (message->nlmsg_type == RTM_NEWADDR || message->nlmsg_type == RTM_DELADDR)
				hear_address(message, interface, word + 3);
			if (message->nlmsg_type != RTM_NEWLINK)
				continue;
			const struct ifinfomsg *link = NLMSG_DATA(message);
			bool now = (link->ifi_flags & IFF_UP) && (link->ifi_flags & IFF_RUNNING);
			if (link->ifi_index != interface || now == runs)
				continue;
			runs = now;
			for (int i = 0; i < count; i++)
				say(word[runs ? 3 : 4], held[i]);
		}
	}
}
