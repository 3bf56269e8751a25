// The benchmark's namespaces, its two route servers, and the contenders it starts.
#ifndef LAB_H
#define LAB_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum kind {
	floor_kind, bird_kind, hopshift_kind,
	// By the script `contestants`: several programs each.
	exabgp_kind, frr_kind, gobgp_kind, keepalived_kind,
	kinds
};

// What a contender announces: VIPs of so many host prefixes each, from 100.64.0.0 on.
struct workload {
	int vips;
	int prefixes;
	bool shared;		// all VIPs wait for shared_address; else each for its own
};

#define LOCAL "10.10.0.7"
#define LOCAL_ASN 65001
#define SERVER_ASN 65515
extern const char *const server_addresses[2];

// The first prefix, and all that keepalived's notify script knows of.
#define FIRST_PREFIX 0x64400000u

// 100.127.0.1 of hopshiftd alone: its next hop is a host that is alive while vip0 runs.
#define WATCHED_PREFIX 0x647f0001u

// A network of its own on vip0, so that BIRD's static routes by a neighbour in it come with it.
#define SHARED_NETWORK "10.99.0"
#define SHARED_ADDRESS SHARED_NETWORK ".1"

// This process as one route server of one contender: a connection and what was read of it.
struct server {
	int listener;
	int connection;
	size_t filled;
	uint8_t bytes[65536];
};

struct contender {
	enum kind kind;
	const char *name;
	const char *program;
	char namespaces[3][32];	// the appliance and its two route servers
	int netlink;		// in the appliance's namespace, to change addresses by
	unsigned vip_interface;
	int poller;		// both connections, by index
	struct server servers[2];
	pid_t process;
};

// Removes what a run that was killed left behind, and sees to it that this one leaves nothing.
void lab_begin(void);

// Where a run's files are.
const char *lab_folder(void);

// Who takes part, from words such as "bird=/usr/sbin/bird"; answers how many, with no word twice.
int lab_contenders(struct contender *, char **words, int count);

// Makes the namespaces and the listeners of contender `index`.
void lab_build(struct contender *, int index);

// For a child: it goes on in this namespace.
void lab_enter(const char *namespace);

// For a child: every contender runs as the unit runs hopshiftd, where that is asked for.
void lab_schedule(void);

// Accepts and answers until the session stands; false when the contender fell or time ran out.
bool lab_establish(struct contender *, int server);

// Starts the program and waits until it has a BGP session with both route servers.
void lab_start(struct contender *, const struct workload *);

// Ends the program and its connections; it can be started again.
void lab_stop(struct contender *);

// Ends all programs; for an end in the midst.
void lab_end_programs(void);

// The time, in microseconds; every figure comes from this one clock.
double now_us(void);

// RTM_NEWADDR or RTM_DELADDR on vip0; answers when the request was handed to the kernel.
double change_address(struct contender *, int type, struct in_addr, int length);

// vip0 is set up or down; answers when the request was handed to the kernel.
double change_link(struct contender *, bool up);

// For qsort.
int ascending(const void *, const void *);

// Reads what has come; whether an UPDATE was in it that announces or withdraws `wanted` (any, if
// NULL).
bool take_updates(struct server *, const struct in_addr *wanted);

void keep_alive(struct contender *);

#endif
