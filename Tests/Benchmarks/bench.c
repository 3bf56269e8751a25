// Measures, with one clock, the time from an event in the kernel to its UPDATE at both route servers.
//
//   hopshift-bench ROUNDS WORD=PATH...      (who takes part; `run` names them all)
//
//   appliance (one a contender)                      two route servers (this process)
//   +--------------------------------+   veth   +----------------------+
//   | vip0 <- address added by us    |  port0 --| eth0 10.10.0.4 : 179 |
//   | br0 10.10.0.7     CONTENDER    |  port1 --| eth0 10.10.0.5 : 179 |
//   +--------------------------------+          +----------------------+
//
// Each round goes once through all contenders, in an order that turns, and for each through an
// address that comes, the link that goes down and up under it, and the address that goes. The clock
// is read just before the request to the kernel and after the recv() that completes the UPDATE at
// the second route server. After each event the connections are read until they are quiet. All but
// the floor, BIRD and hopshiftd take part in every tenth round only, keepalived in every fiftieth.
//
// What an event means differs: hopshiftd sends the claim of a VIP whose address came, and the other
// next hop of a VIP whose host is gone with its link; BIRD, FRR and who is told through a pipe
// announce an address that is there and withdraw one that is not.
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
	vips = 1000,		// an address climbs two rungs in its round, and there are 14
	patience = 5000,	// ms until an UPDATE that did not come ends the run
	quiet = 1,		// ms without a byte that end an event
	script_quiet = 20,	// the same for scripts, which may say a thing in two goes
	script_share = 10,	// they take part in one round of so many
	vrrp_share = 50,	// three seconds until keepalived is master again
	most_rounds = 5000,
	keepalive_rounds = 50,	// well within every hold time
};

enum event { added, link_down, link_up, removed, events };

static const char *const titles[events] = {
	"address added", "link down", "link up", "address removed",
};

static const struct workload one_each = {.vips = vips, .prefixes = 1, .shared = false};

struct figures {
	double times[events][most_rounds];
	int count[events];
};

static struct figures figures[kinds];

// The prefix of the VIP whose turn it is, as the workload numbers them.
static struct in_addr vip(int round)
{
	return (struct in_addr){htonl(FIRST_PREFIX + (unsigned)round % vips)};
}

// keepalived has addresses of its own and looks at the link only. A machine that has lost an address
// leaves it to the claim of who has it now, and says nothing for five seconds.
static bool takes_part(const struct contender *c, int event)
{
	bool link = event == link_down || event == link_up;
	return link || (c->kind != keepalived_kind && (c->kind != hopshift_kind || event == added));
}

static int share(const struct contender *c)
{
	return c->kind == keepalived_kind ? vrrp_share : c->kind > hopshift_kind ? script_share : 1;
}

static bool is_script(const struct contender *c)
{
	return c->kind > hopshift_kind;
}

// Waits until both route servers have the UPDATE; answers when the second had it.
static double wait_for_both(struct contender *c, enum event event, struct in_addr wanted)
{
	double last = 0;
	bool seen[2] = {false, false};
	if (c->kind == keepalived_kind)
		wanted = vip(0);
	if (c->kind == hopshift_kind && event != added)
		wanted.s_addr = htonl(WATCHED_PREFIX);
	while (!seen[0] || !seen[1]) {
		struct epoll_event ready[2];
		int count = epoll_wait(c->poller, ready, 2, patience);
		if (count <= 0)
			errx(1, "%s: %s: no UPDATE after %d ms", c->name, titles[event], patience);
		for (int i = 0; i < count; i++) {
			int server = (int)ready[i].data.u32;
			if (take_updates(&c->servers[server], c->kind == floor_kind ? NULL : &wanted)) {
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
	while ((count = epoll_wait(c->poller, ready, 2, is_script(c) ? script_quiet : quiet)) > 0)
		for (int i = 0; i < count; i++)
			take_updates(&c->servers[ready[i].data.u32], NULL);
}

static double cause(struct contender *c, enum event event, struct in_addr address)
{
	switch (event) {
	case added:
		return change_address(c, RTM_NEWADDR, address, 32);
	case removed:
		return change_address(c, RTM_DELADDR, address, 32);
	default:
		return change_link(c, event == link_up);
	}
}

static void measure(struct contender *c, int round)
{
	struct figures *f = &figures[c->kind];
	struct in_addr address = vip(round);
	for (int event = 0; event < events; event++) {
		double began = cause(c, (enum event)event, address);
		if (takes_part(c, event)) {
			double took = wait_for_both(c, (enum event)event, address) - began;
			if (round >= warm_up)
				f->times[event][f->count[event]++] = took;
		}
		read_until_quiet(c);
	}
}

static double quantile(const struct figures *f, int event, double part)
{
	return f->times[event][(int)((f->count[event] - 1) * part + 0.5)];
}

static void report(const struct contender *contenders, int count, int event)
{
	double best = 0;
	for (int i = 0; i < count; i++) {
		struct figures *f = &figures[contenders[i].kind];
		qsort(f->times[event], (size_t)f->count[event], sizeof(double), ascending);
		if (f->count[event] == 0 || contenders[i].kind == floor_kind
		    || contenders[i].kind == hopshift_kind)
			continue;
		double median = quantile(f, event, 0.5);
		best = best == 0 || median < best ? median : best;
	}
	printf("\n%s to UPDATE received by both route servers, in microseconds\n", titles[event]);
	printf("%-13s %6s %9s %9s %9s %9s %9s %12s\n", "", "n", "min", "p50", "p99", "max",
	       "x floor", "x best other");
	for (int i = 0; i < count; i++) {
		const struct figures *f = &figures[contenders[i].kind];
		const struct figures *floor = &figures[floor_kind];
		if (f->count[event] == 0)
			continue;
		double median = quantile(f, event, 0.5);
		printf("%-13s %6d %9.1f %9.1f %9.1f %9.1f", contenders[i].name, f->count[event],
		       f->times[event][0], median, quantile(f, event, 0.99),
		       f->times[event][f->count[event] - 1]);
		if (floor->count[event] > 0)
			printf(" %9.2f", median / quantile(floor, event, 0.5));
		if (floor->count[event] > 0 && best > 0)
			printf(" %12.2f", median / best);
		putchar('\n');
	}
}

int main(int count, char **words)
{
	static struct contender contenders[kinds];
	int rounds = count >= 2 ? atoi(words[1]) : 0;
	int running = count > 2 ? lab_contenders(contenders, words + 2, count - 2) : 0;

	if (rounds < 1 || rounds > most_rounds || running != count - 2)
		errx(2, "usage: hopshift-bench ROUNDS WORD=PATH...");
	lab_begin();
	for (int i = 0; i < running; i++) {
		lab_build(&contenders[i], i);
		lab_start(&contenders[i], &one_each);
		read_until_quiet(&contenders[i]);
	}
	for (int round = 0; running > 0 && round < rounds + warm_up; round++) {
		for (int i = 0; i < running; i++) {
			struct contender *c = &contenders[(round + i) % running];
			if (round % share(c) == warm_up % share(c))
				measure(c, round);
		}
		if (round % keepalive_rounds == 0)
			for (int i = 0; i < running; i++)
				keep_alive(&contenders[i]);
	}
	for (int event = 0; running > 0 && event < events; event++)
		report(contenders, running, event);
	return 0;
}
