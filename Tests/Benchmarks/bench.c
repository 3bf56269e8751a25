// Measures, with one clock, the time from an added address to its UPDATE at both route servers.
//
//   hopshift-bench ROUNDS FLOOR BIRD HOPSHIFTD      ("-" leaves a contender out)
//
//   appliance (one a contender)                      two route servers (this process)
//   +--------------------------------+   veth   +----------------------+
//   | vip0 <- address added by us    |  port0 --| eth0 10.10.0.4 : 179 |
//   | br0 10.10.0.7     CONTENDER    |  port1 --| eth0 10.10.0.5 : 179 |
//   +--------------------------------+          +----------------------+
//
// Each round goes once through all contenders, in an order that turns. The clock is read just
// before sendmsg() of RTM_NEWADDR and after the recv() that completes the UPDATE at the second
// route server. Afterwards the address is removed and the connections are read until they are quiet.
#define _GNU_SOURCE
#include "lab.h"

#include <arpa/inet.h>
#include <err.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum {
	warm_up = 20,		// rounds that are not counted
	vips = 1000,		// each address climbs one rung a round, and there are 14
	patience = 5000,	// ms until an UPDATE that did not come ends the run
	quiet = 1,		// ms without a byte that end a round
	most_rounds = 10000,
	keepalive_rounds = 50,	// well within every hold time
};

static const struct workload one_each = {.vips = vips, .prefixes = 1, .shared = false};

// The prefix of the VIP whose turn it is, as the workload numbers them.
static struct in_addr vip(int round)
{
	return (struct in_addr){htonl(0x64400000u + (unsigned)round % vips)};
}

// Waits until both route servers have the UPDATE; answers when the second had it.
static double wait_for_both(struct contender *c, struct in_addr wanted)
{
	double last = 0;
	bool seen[2] = {false, false};
	while (!seen[0] || !seen[1]) {
		struct epoll_event ready[2];
		int count = epoll_wait(c->poller, ready, 2, patience);
		if (count <= 0)
			errx(1, "%s: no UPDATE after %d ms", c->name, patience);
		for (int i = 0; i < count; i++) {
			int server = (int)ready[i].data.u32;
			if (take_updates(&c->servers[server], c->fixed ? NULL : &wanted)) {
				seen[server] = true;
				last = now_us();
			}
		}
	}
	return last;
}

static void read_until_quiet(struct contender *c)
{
	struct epoll_event ready[2];
	int count;
	while ((count = epoll_wait(c->poller, ready, 2, quiet)) > 0)
		for (int i = 0; i < count; i++)
			take_updates(&c->servers[ready[i].data.u32], NULL);
}

static void measure(struct contender *c, int round)
{
	struct in_addr address = vip(round);
	double began = change_address(c, RTM_NEWADDR, address, 32);
	double took = wait_for_both(c, address) - began;
	if (round >= warm_up)
		c->times[c->count++] = took;
	read_until_quiet(c);
	change_address(c, RTM_DELADDR, address, 32);
	read_until_quiet(c);
}

static double quantile(const struct contender *c, double part)
{
	return c->times[(int)((c->count - 1) * part + 0.5)];
}

static void report(struct contender *contenders, int count)
{
	const struct contender *by_kind[3] = {NULL, NULL, NULL};
	puts("address added to UPDATE received by both route servers, in microseconds");
	printf("%-12s %6s %8s %8s %8s %8s\n", "", "n", "min", "p50", "p99", "max");
	for (int i = 0; i < count; i++) {
		struct contender *c = &contenders[i];
		qsort(c->times, (size_t)c->count, sizeof c->times[0], ascending);
		printf("%-12s %6d %8.1f %8.1f %8.1f %8.1f\n", c->name, c->count, c->times[0],
		       quantile(c, 0.5), quantile(c, 0.99), c->times[c->count - 1]);
		by_kind[c->kind] = c;
	}
	for (int i = 0; i < count; i++) {
		const struct contender *c = &contenders[i];
		if (by_kind[floor_kind] && c->kind != floor_kind)
			printf("%s takes %.2f times the floor's median\n", c->name,
			       quantile(c, 0.5) / quantile(by_kind[floor_kind], 0.5));
	}
	if (by_kind[bird_kind] && by_kind[hopshift_kind])
		printf("hopshiftd is %.2f times faster than BIRD (medians)\n",
		       quantile(by_kind[bird_kind], 0.5) / quantile(by_kind[hopshift_kind], 0.5));
}

int main(int count, char **words)
{
	static struct contender contenders[3];
	static const char *const names[3] = {"floor in C", "BIRD", "hopshiftd"};
	int rounds = count == 5 ? atoi(words[1]) : 0, running = 0;

	if (rounds < 1 || rounds > most_rounds)
		errx(2, "usage: hopshift-bench ROUNDS FLOOR BIRD HOPSHIFTD");
	lab_begin();
	for (int kind = 0; kind < 3; kind++) {
		const char *program = words[2 + kind];
		struct contender *c = &contenders[running];
		if (strcmp(program, "-") == 0)
			continue;
		c->kind = kind;
		c->name = names[kind];
		c->fixed = kind == floor_kind;
		c->times = calloc(most_rounds, sizeof c->times[0]);
		lab_build(c, running);
		lab_start(c, program, &one_each);
		read_until_quiet(c);
		running += 1;
	}
	for (int round = 0; running > 0 && round < rounds + warm_up; round++) {
		for (int i = 0; i < running; i++)
			measure(&contenders[(round + i) % running], round);
		if (round % keepalive_rounds == 0)
			for (int i = 0; i < running; i++)
				keep_alive(&contenders[i]);
	}
	if (running > 0)
		report(contenders, running);
	return 0;
}
