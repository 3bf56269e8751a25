// What the same questions cost a program that does nothing else: the kernel's share of the probes.
//
// floor INTERFACE TARGETS SECONDS: half of the targets by ARP, half by echo request, ten times a
// second each, in slots of 5 ms. It reads every answer with its time stamp and looks at none.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netinet/ip_icmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 20, SLOT_NS = 5000000, OWN = 0x0a09ff01 };

struct frame {
	struct ether_header ether;
	struct ether_arp arp;
} __attribute__((packed));

static int arp, echo;
static struct frame frame;
static uint8_t peer[ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static long sent, received;

static void fail(const char *what) {
	perror(what);
	exit(1);
}

static uint32_t address(int number) {
	return htonl(0x0a090000u | (uint32_t)(number / 250) << 8 | (uint32_t)(number % 250 + 2));
}

static void ask(int number) {
	uint32_t to = address(number);
	if (number % 2 == 0) {
		memcpy(frame.ether.ether_dhost, peer, ETH_ALEN);
		memcpy(frame.arp.arp_tpa, &to, 4);
		if (send(arp, &frame, sizeof frame, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) fail("arp");
	} else {
		struct icmphdr request = {.type = ICMP_ECHO};
		struct sockaddr_in remote = {.sin_family = AF_INET, .sin_addr = {to}};
		if (sendto(echo, &request, sizeof request, MSG_DONTWAIT | MSG_NOSIGNAL,
			   (struct sockaddr *)&remote, sizeof remote) < 0)
			fail("echo");
	}
	sent++;
}

static void drain(int socket) {
	for (;;) {
		struct frame answer;
		char control[128];
		struct sockaddr_in from;
		struct iovec piece = {&answer, sizeof answer};
		struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from,
					 .msg_iov = &piece, .msg_iovlen = 1,
					 .msg_control = control, .msg_controllen = sizeof control};
		if (recvmsg(socket, &message, MSG_DONTWAIT) < 0) {
			if (errno == EAGAIN) return;
			fail("recvmsg");
		}
		if (socket == arp) memcpy(peer, answer.arp.arp_sha, ETH_ALEN);
		received++;
	}
}

static void prepare(int socket) {
	int on = 1, room = 1 << 20;
	if (setsockopt(socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0) fail("stamps");
	if (setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) < 0) fail("buffer");
}

static void open_sockets(const char *interface) {
	struct ifreq request = {0};
	int on = 1;
	uint32_t own = htonl(OWN);
	struct sockaddr_ll place = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP)};
	place.sll_ifindex = (int)if_nametoindex(interface);
	arp = socket(AF_PACKET, SOCK_RAW, 0);
	echo = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	if (arp < 0 || echo < 0) fail("socket");
	prepare(arp);
	prepare(echo);
	if (setsockopt(arp, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) < 0) fail("outgoing");
	if (bind(arp, (struct sockaddr *)&place, sizeof place) < 0) fail("bind");
	strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
	if (ioctl(arp, SIOCGIFHWADDR, &request) < 0) fail("hardware address");
	memcpy(frame.ether.ether_shost, request.ifr_hwaddr.sa_data, ETH_ALEN);
	frame.ether.ether_type = htons(ETHERTYPE_ARP);
	frame.arp.ea_hdr = (struct arphdr){htons(ARPHRD_ETHER), htons(ETHERTYPE_IP), ETH_ALEN, 4,
					   htons(ARPOP_REQUEST)};
	memcpy(frame.arp.arp_sha, request.ifr_hwaddr.sa_data, ETH_ALEN);
	memcpy(frame.arp.arp_spa, &own, 4);
}

static double used(void) {
	struct rusage usage;
	if (getrusage(RUSAGE_SELF, &usage) < 0) fail("getrusage");
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
	       + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double now(void) {
	struct timespec time;
	if (clock_gettime(CLOCK_MONOTONIC, &time) < 0) fail("clock");
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int count, char **words) {
	if (count != 4) {
		fprintf(stderr, "usage: floor INTERFACE TARGETS SECONDS\n");
		return 2;
	}
	int targets = atoi(words[2]);
	double seconds = atof(words[3]), begin, before;
	struct itimerspec pace = {{0, SLOT_NS}, {0, SLOT_NS}};
	open_sockets(words[1]);
	int queue = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	int watched[3] = {timer, arp, echo};
	if (queue < 0 || timer < 0 || timerfd_settime(timer, 0, &pace, NULL) < 0) fail("timer");
	for (int i = 0; i < 3; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data = {.fd = watched[i]}};
		if (epoll_ctl(queue, EPOLL_CTL_ADD, watched[i], &event) < 0) fail("epoll");
	}
	begin = now();
	before = used();
	for (long slot = 0; now() - begin < seconds;) {
		struct epoll_event events[3];
		int ready = epoll_wait(queue, events, 3, 1000);
		for (int i = 0; i < ready; i++) {
			uint64_t ticks;
			if (events[i].data.fd != timer) {
				drain(events[i].data.fd);
				continue;
			}
			if (read(timer, &ticks, sizeof ticks) != sizeof ticks) fail("timer");
			for (int n = (int)(slot % SLOTS); n < targets; n += SLOTS) ask(n);
			slot++;
		}
	}
	double length = now() - begin;
	printf("%.3f %.0f %ld\n", 100 * (used() - before) / length, (double)sent / length,
	       sent - received);
	return 0;
}
