// The namespaces and the route servers' side of the benchmark; see lab.h.
#define _GNU_SOURCE
#include "lab.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *const server_addresses[2] = {"10.10.0.4", "10.10.0.5"};

enum {
	hold_time = 180,
	header = 19, open_type = 1, update_type = 2, notification_type = 3, keepalive_type = 4,
	session_patience = 30000,	// ms; BIRD waits a while before it connects
};

static char folder[] = "/tmp/hopshift-bench-XXXXXX";
static pid_t owner;
static int home = -1;

__attribute__((format(printf, 1, 2))) static void command(const char *format, ...)
{
	char line[512];
	va_list words;
	va_start(words, format);
	vsnprintf(line, sizeof line, format, words);
	va_end(words);
	if (system(line) != 0)
		errx(1, "failed: %s", line);
}

static void leave_nothing(void)
{
	char line[256];
	if (getpid() != owner)
		return;
	lab_end_programs();
	snprintf(line, sizeof line,
		 "for n in $(ip netns list | grep -o '^hs-bench-%d-[0-9a-z-]*'); do"
		 " ip netns del $n; done; rm -rf %s", (int)owner, folder);
	if (system(line) != 0)
		warnx("failed: %s", line);
}

static void interrupted(int number)
{
	exit(128 + number);
}

// HOPSHIFT_BENCH_FIFO: every contender as the unit runs hopshiftd, and this process above them.
static void schedule(int priority)
{
	struct sched_param wanted = {.sched_priority = priority};
	if (getenv("HOPSHIFT_BENCH_FIFO") && sched_setscheduler(0, SCHED_FIFO, &wanted) < 0)
		err(1, "SCHED_FIFO");
}

void lab_schedule(void)
{
	schedule(1);
}

const char *lab_folder(void)
{
	return folder;
}

void lab_begin(void)
{
	owner = getpid();
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0 || !mkdtemp(folder))
		err(1, "%s", folder);
	command("for n in $(ip netns list | grep -o '^hs-bench-[0-9]*-[0-9a-z-]*'); do"
		" p=${n#hs-bench-}; [ -d /proc/${p%%%%-*} ] || ip netns del $n; done");
	schedule(2);
	atexit(leave_nothing);
	signal(SIGINT, interrupted);
	signal(SIGTERM, interrupted);
	signal(SIGHUP, interrupted);
}

void lab_enter(const char *namespace)
{
	char path[64];
	snprintf(path, sizeof path, "/run/netns/%s", namespace);
	int there = open(path, O_RDONLY | O_CLOEXEC);
	if (there < 0 || setns(there, CLONE_NEWNET) < 0)
		err(1, "%s", path);
	close(there);
}

static void go_home(void)
{
	if (setns(home, CLONE_NEWNET) < 0)
		err(1, "own namespace");
}

static int listen_at(const char *address)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(179)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	inet_pton(AF_INET, address, &here.sin_addr);
	if (bind(listener, (struct sockaddr *)&here, sizeof here) < 0 || listen(listener, 4) < 0)
		err(1, "%s port 179", address);
	return listener;
}

void lab_build(struct contender *c, int index)
{
	static const char *const parts[3] = {"a", "r1", "r2"};
	const char *a = c->namespaces[0];
	for (int i = 0; i < 3; i++) {
		snprintf(c->namespaces[i], sizeof c->namespaces[i], "hs-bench-%d-%d%s",
			 (int)owner, index, parts[i]);
		command("ip netns add %s", c->namespaces[i]);
		command("ip -n %s link set lo up", c->namespaces[i]);
	}
	command("ip -n %s link add br0 type bridge", a);
	command("ip -n %s addr add " LOCAL "/24 dev br0", a);
	command("ip -n %s link set br0 up", a);
	command("ip -n %s link add vip0 type veth peer name vip1", a);
	command("ip -n %s link set vip1 up", a);
	command("ip -n %s link set vip0 up", a);
	for (int i = 0; i < 2; i++) {
		const char *r = c->namespaces[i + 1];
		command("ip -n %s link add port%d type veth peer name eth0 netns %s", a, i, r);
		command("ip -n %s link set port%d master br0 up", a, i);
		command("ip -n %s addr add %s/24 dev eth0", r, server_addresses[i]);
		command("ip -n %s link set eth0 up", r);
		lab_enter(r);
		c->servers[i].listener = listen_at(server_addresses[i]);
		c->servers[i].connection = -1;
		go_home();
	}
	lab_enter(a);
	c->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	c->vip_interface = if_nametoindex("vip0");
	go_home();
	c->poller = epoll_create1(EPOLL_CLOEXEC);
	if (c->netlink < 0 || c->vip_interface == 0 || c->poller < 0)
		err(1, "%s", a);
}

static void put_message(int to, uint8_t type, const uint8_t *body, size_t size)
{
	uint8_t message[header + 64];
	memset(message, 0xff, 16);
	message[16] = 0;
	message[17] = (uint8_t)(header + size);
	message[18] = type;
	if (size > 0)
		memcpy(message + header, body, size);
	if (send(to, message, header + size, MSG_NOSIGNAL) < 0)
		err(1, "route server");
}

// RFC 4271 section 4.2; RFC 5492 capabilities: IPv4 unicast (1) and four-octet AS numbers (65),
// the latter only to who offers it, which the floor does not.
static void put_open(struct server *server, const char *address, bool capable)
{
	uint8_t body[] = {
		4, SERVER_ASN >> 8, SERVER_ASN & 0xff, 0, hold_time, 0, 0, 0, 0,
		14, 2, 12, 1, 4, 0, 1, 0, 1, 65, 4, 0, 0, SERVER_ASN >> 8, SERVER_ASN & 0xff,
	};
	inet_pton(AF_INET, address, body + 5);
	if (!capable)
		body[9] = 0;
	put_message(server->connection, open_type, body, capable ? sizeof body : 10);
}

// The length of the first whole message; 0 when there is none yet.
static size_t whole_message(const struct server *server)
{
	if (server->filled < header)
		return 0;
	size_t length = (size_t)server->bytes[16] << 8 | server->bytes[17];
	if (length < header || length > 4096)
		errx(1, "a message of %zu bytes", length);
	return length <= server->filled ? length : 0;
}

static void drop_first(struct server *server, size_t length)
{
	server->filled -= length;
	memmove(server->bytes, server->bytes + length, server->filled);
}

static bool receive(struct server *server)
{
	int on = 1;
	ssize_t got = recv(server->connection, server->bytes + server->filled,
			   sizeof server->bytes - server->filled, MSG_DONTWAIT);
	if (got == 0)
		errx(1, "the contender left");
	if (got < 0 && errno != EAGAIN)
		err(1, "the contender left");
	if (got > 0)
		server->filled += (size_t)got;
	// An acknowledgement at once, so that nobody's next segment waits for one.
	setsockopt(server->connection, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
	return got > 0;
}

// A host prefix stands the same way in the withdrawn routes as behind the attributes.
static bool concerns(const uint8_t *message, size_t length, const struct in_addr *wanted)
{
	uint8_t prefix[5] = {32};
	if (length <= header + 4)
		return false;
	if (!wanted)
		return true;
	memcpy(prefix + 1, wanted, 4);
	return memmem(message + header, length - header, prefix, sizeof prefix) != NULL;
}

bool take_updates(struct server *server, const struct in_addr *wanted)
{
	bool found = false;
	size_t length;
	receive(server);
	while ((length = whole_message(server)) > 0) {
		if (server->bytes[18] == notification_type)
			errx(1, "NOTIFICATION %d/%d", server->bytes[19], server->bytes[20]);
		if (server->bytes[18] == update_type && concerns(server->bytes, length, wanted))
			found = true;
		drop_first(server, length);
	}
	return found;
}

bool lab_establish(struct contender *c, int index)
{
	struct server *server = &c->servers[index];
	struct pollfd ready = {.fd = server->listener, .events = POLLIN};
	if (poll(&ready, 1, session_patience) != 1)
		return false;
	server->connection = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
	ready.fd = server->connection;
	for (;;) {
		size_t length = whole_message(server);
		if (length == 0) {
			if (poll(&ready, 1, session_patience) != 1 || !receive(server))
				return false;
			continue;
		}
		uint8_t type = server->bytes[18];
		bool capable = length > header + 10;
		drop_first(server, length);
		if (type == open_type) {
			put_open(server, server_addresses[index], capable);
			put_message(server->connection, keepalive_type, NULL, 0);
		} else {
			return type == keepalive_type;
		}
	}
}

double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int ascending(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

double change_address(struct contender *c, int type, struct in_addr address, int length)
{
	struct {
		struct nlmsghdr header;
		struct ifaddrmsg address;
		struct rtattr local;
		struct in_addr value;
	} request = {
		.header = {.nlmsg_len = sizeof request, .nlmsg_type = (unsigned short)type,
			   .nlmsg_flags = NLM_F_REQUEST
				| (type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_EXCL : 0)},
		.address = {.ifa_family = AF_INET, .ifa_prefixlen = (unsigned char)length,
			    .ifa_index = c->vip_interface},
		.local = {.rta_len = RTA_LENGTH(4), .rta_type = IFA_LOCAL},
		.value = address,
	};
	double before = now_us();
	if (send(c->netlink, &request, sizeof request, 0) < 0)
		err(1, "%s: address", c->name);
	return before;
}

double change_link(struct contender *c, bool up)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} request = {
		.header = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_NEWLINK,
			   .nlmsg_flags = NLM_F_REQUEST},
		.link = {.ifi_index = (int)c->vip_interface, .ifi_flags = up ? IFF_UP : 0,
			 .ifi_change = IFF_UP},
	};
	double before = now_us();
	if (send(c->netlink, &request, sizeof request, 0) < 0)
		err(1, "%s: link", c->name);
	return before;
}

void keep_alive(struct contender *c)
{
	for (int i = 0; i < 2; i++)
		put_message(c->servers[i].connection, keepalive_type, NULL, 0);
}
