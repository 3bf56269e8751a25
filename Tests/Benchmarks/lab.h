// The benchmark's namespaces, its two route servers, and the contenders it starts.
#ifndef LAB_H
#define LAB_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum kind { floor_kind, bird_kind, hopshift_kind };

// What a contender announces: VIPs of so many host prefixes each, from 100.64.0.0 on.
struct workload {
	int vips;
	int prefixes;
	bool shared;		// all VIPs wait for shared_address; else each for its own
};

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
	bool fixed;		// sends the same UPDATE whatever the address
	char namespaces[3][32];	// the appliance and its two route servers
	int netlink;		// in the appliance's namespace, to change addresses by
	unsigned vip_interface;
	int poller;		// both connections, by index
	struct server servers[2];
	pid_t process;
	double *times;
	int count;
};

// Removes what a run that was killed left behind, and sees to it that this one leaves nothing.
void lab_begin(void);

// Makes the namespaces and the listeners of contender `index`.
void lab_build(struct contender *, int index);

// Starts the program and waits until it has a BGP session with both route servers.
void lab_start(struct contender *, const char *program, const struct workload *);

// Ends the program and its connections; it can be started again.
void lab_stop(struct contender *);

// The time, in microseconds; every figure comes from this one clock.
double now_us(void);

// RTM_NEWADDR or RTM_DELADDR on vip0; answers when the request was handed to the kernel.
double change_address(struct contender *, int type, struct in_addr, int length);

// For qsort.
int ascending(const void *, const void *);

// Reads what has come; whether an UPDATE was in it that announces `wanted` (any, if NULL).
bool take_updates(struct server *, const struct in_addr *wanted);

void keep_alive(struct contender *);

#endif
