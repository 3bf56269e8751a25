// A process whose use of the heap is known, to prove the allocation probe with: specimen WHAT.
//
// Three turns of a loop; in each it waits for netlink, reads, and sends one byte on a TCP
// connection to itself. WHAT says where it touches the heap: nowhere, before, between, after,
// frees (between), aligned (between), or unix (nowhere, and the byte goes to a UNIX socket), or
// keepalive (nowhere, and the second send has as many bytes as a BGP KEEPALIVE).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void *volatile kept;

static int connected_pair(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0
	    || getsockname(listener, (struct sockaddr *)&address, &size) < 0
	    || connect(client, (struct sockaddr *)&address, size) < 0)
		err(1, "loopback");
	return client;
}

static void ask(int netlink)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} request = {
		.header = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_GETLINK,
			   .nlmsg_flags = NLM_F_REQUEST},
		.link = {.ifi_family = AF_UNSPEC, .ifi_index = 1},
	};
	if (send(netlink, &request, sizeof request, 0) < 0)
		err(1, "netlink");
}

int main(int count, char **words)
{
	static char buffer[65536];
	const char *what = count > 1 ? words[1] : "nowhere";
	int netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	int tcp = connected_pair();
	int poller = epoll_create1(0);
	int both[2];
	struct epoll_event wanted = {.events = EPOLLIN};
	if (netlink < 0 || poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, netlink, &wanted) < 0
	    || socketpair(AF_UNIX, SOCK_STREAM, 0, both) < 0)
		err(1, "setup");
	int to = strcmp(what, "unix") == 0 ? both[0] : tcp;
	for (int turn = 0; turn < 3; turn++) {
		struct epoll_event ready;
		struct iovec piece = {buffer, sizeof buffer};
		struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
		void *old = malloc(100);
		ask(netlink);
		if (epoll_wait(poller, &ready, 1, 5000) != 1)
			errx(1, "no answer from the kernel");
		if (strcmp(what, "before") == 0)
			kept = malloc(1000);
		if (recvmsg(netlink, &message, 0) <= 0)
			err(1, "recvmsg");
		if (strcmp(what, "between") == 0)
			kept = realloc(calloc(10, 10), 2000);
		if (strcmp(what, "aligned") == 0)
			kept = aligned_alloc(64, 640);
		if (strcmp(what, "frees") == 0) {
			free(old);
			old = NULL;
		}
		size_t second = strcmp(what, "keepalive") == 0 ? 19 : 1;
		if (send(to, "x", 1, MSG_NOSIGNAL) != 1
		    || send(to, buffer, second, MSG_NOSIGNAL) != (ssize_t)second)
			err(1, "send");
		if (strcmp(what, "after") == 0)
			kept = malloc(3000);
		free(old);
	}
	return 0;
}
