// What the same questions cost a program that does nothing else: the kernel's share of the probes.
//
// floor INTERFACE TARGETS SECONDS: half of the targets by ARP, half by echo request, ten times a
// second each, in slots of 10 ms. What leaves together leaves by one system call for each socket, and
// what has arrived is read by one. It takes every answer with its time stamp and looks at none.
#define _GNU_SOURCE
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

enum { SLOTS = 10, SLOT_NS = 10000000, OWN = 0x0a09ff01, BATCH = 16 };

struct frame {
	struct ether_header ether;
	struct ether_arp arp;
} __attribute__((packed));

static int arp, echo;
static struct frame frame;
static struct frame frames[BATCH];
static struct icmphdr requests[BATCH];
static struct sockaddr_in remotes[BATCH];
static struct iovec frame_pieces[BATCH], request_pieces[BATCH];
static struct mmsghdr arps[BATCH], echoes[BATCH];
static unsigned arp_count, echo_count;
static struct frame answers[BATCH];
static struct iovec answer_pieces[BATCH];
static struct sockaddr_in senders[BATCH];
static char controls[BATCH][128];
static struct mmsghdr arrivals[BATCH];
static uint8_t peer[ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static long sent, received;

static void fail(const char *what) {
	perror(what);
	exit(1);
}

static uint32_t address(int number) {
	return htonl(0x0a090000u | (uint32_t)(number / 250) << 8 | (uint32_t)(number % 250 + 2));
}

static void prepare_messages(void) {
	for (int i = 0; i < BATCH; i++) {
		frame_pieces[i] = (struct iovec){&frames[i], sizeof frames[i]};
		request_pieces[i] = (struct iovec){&requests[i], sizeof requests[i]};
		answer_pieces[i] = (struct iovec){&answers[i], sizeof answers[i]};
		arps[i].msg_hdr = (struct msghdr){.msg_iov = &frame_pieces[i], .msg_iovlen = 1};
		echoes[i].msg_hdr = (struct msghdr){.msg_name = &remotes[i],
						    .msg_namelen = sizeof remotes[i],
						    .msg_iov = &request_pieces[i], .msg_iovlen = 1};
	}
}

static void leave(int socket, struct mmsghdr *messages, unsigned *count, const char *what) {
	for (unsigned done = 0; done < *count;) {
		int left = sendmmsg(socket, messages + done, *count - done,
				    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (left < 0 && errno != ENOBUFS && errno != EAGAIN) fail(what);
		// What the kernel has no room for is lost, as it is for who does more with it.
		if (left < 0) left = 1;
		done += (unsigned)left;
	}
	sent += *count;
	*count = 0;
}

static void leave_all(void) {
	leave(arp, arps, &arp_count, "arp");
	leave(echo, echoes, &echo_count, "echo");
}

static void ask(int number) {
	uint32_t to = address(number);
	if (arp_count == BATCH || echo_count == BATCH) leave_all();
	if (number % 2 == 0) {
		struct frame *next = &frames[arp_count++];
		*next = frame;
		memcpy(next->ether.ether_dhost, peer, ETH_ALEN);
		memcpy(next->arp.arp_tpa, &to, 4);
	} else {
		requests[echo_count] = (struct icmphdr){.type = ICMP_ECHO};
		remotes[echo_count++] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {to}};
	}
}

static void drain(int socket) {
	int count = BATCH;
	while (count == BATCH) {
		for (int i = 0; i < BATCH; i++)
			arrivals[i].msg_hdr = (struct msghdr){.msg_name = &senders[i],
							      .msg_namelen = sizeof senders[i],
							      .msg_iov = &answer_pieces[i],
							      .msg_iovlen = 1,
							      .msg_control = controls[i],
							      .msg_controllen = sizeof controls[i]};
		count = recvmmsg(socket, arrivals, BATCH, MSG_DONTWAIT, NULL);
		if (count < 0 && errno == EAGAIN) return;
		if (count < 0) fail("recvmmsg");
		if (socket == arp) memcpy(peer, answers[0].arp.arp_sha, ETH_ALEN);
		received += count;
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
	prepare_messages();
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
			leave_all();
			slot++;
		}
	}
	double length = now() - begin;
	printf("%.3f %.0f %ld\n", 100 * (used() - before) / length, (double)sent / length,
	       sent - received);
	return 0;
}
