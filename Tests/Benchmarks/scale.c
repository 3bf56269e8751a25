// Measures how long many prefixes take to both route servers when one address event moves them all.
//
//   hopshift-scale LIVES floor=PATH bird=PATH hopshiftd=PATH [CASE...]      (who is not named is left out)
//
// The namespaces are those of bench.c. A case is VIPSxPREFIXES. Each contender is started LIVES
// times for each case, the contenders in turn, and in each life the address comes and goes
// `rounds` times. The clock is read just before the RTM_NEWADDR and after every recv(); what was
// received is taken apart only when all of it is there, so that this process does not slow down
// what it measures. Each prefix must have come once, and none may be withdrawn.
#define _GNU_SOURCE
#include "lab.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	rounds = 7,		// a hopshiftd without a session restart has rungs for eight claims
	most_lives = 100,
	patience = 20000,	// ms until bytes that did not come end the run
	rest = 20,		// ms without a byte or work after which a contender is at rest
	buffer_size = 16 << 20,	// ten times what 200,000 prefixes take in UPDATEs of 4096 bytes
	header = 19, update_type = 2, notification_type = 3, prefix_size = 5,
	most_samples = most_lives * rounds,
};

// What one route server read in one round.
struct stream {
	uint8_t *bytes;
	size_t filled, walked;
	int prefixes;
	double first, last;
};

// The figures of one contender in one case, in microseconds.
struct figures {
	double first[2][most_samples], last[2][most_samples], all[most_samples];
	int count;
	long resident, peak;	// KiB, the largest of all lives
};

static struct stream streams[2];
static struct figures figures[kinds];

// Counts whole messages; a host prefix takes five bytes, so that nobody's prefixes are looked at.
static void walk(struct stream *s, double now)
{
	while (s->filled - s->walked >= header) {
		const uint8_t *m = s->bytes + s->walked;
		size_t length = (size_t)m[16] << 8 | m[17];
		if (length < header || s->filled - s->walked < length)
			return;
		if (m[18] == notification_type)
			errx(1, "NOTIFICATION %d/%d", m[19], m[20]);
		s->walked += length;
		if (m[18] != update_type)
			continue;
		size_t withdrawn = (size_t)m[19] << 8 | m[20];
		size_t attributes = (size_t)m[21 + withdrawn] << 8 | m[22 + withdrawn];
		if (length - 23 == withdrawn + attributes)
			continue;
		if (s->prefixes == 0)
			s->first = now;
		s->prefixes += (int)((length - 23 - withdrawn - attributes) / prefix_size);
		s->last = now;
	}
}

static bool receive(struct contender *c, int server)
{
	int on = 1;
	struct stream *s = &streams[server];
	ssize_t got = recv(c->servers[server].connection, s->bytes + s->filled,
			   buffer_size - s->filled, MSG_DONTWAIT);
	if (got == 0 || (got < 0 && errno != EAGAIN))
		errx(1, "%s left", c->name);
	if (got < 0)
		return false;
	s->filled += (size_t)got;
	setsockopt(c->servers[server].connection, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
	walk(s, now_us());
	return true;
}

static void forget(void)
{
	for (int i = 0; i < 2; i++) {
		size_t part = streams[i].filled - streams[i].walked;
		memmove(streams[i].bytes, streams[i].bytes + streams[i].walked, part);
		streams[i].filled = part;
		streams[i].walked = 0;
		streams[i].prefixes = 0;
	}
}

// User and system time that the process has used, in clock ticks.
static long used(const struct contender *c)
{
	char path[64], line[1024];
	long user = 0, kernel = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)c->process);
	FILE *file = fopen(path, "r");
	if (!file || !fgets(line, sizeof line, file))
		err(1, "%s", path);
	fclose(file);
	const char *behind = strrchr(line, ')');
	if (!behind || sscanf(behind + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld",
			      &user, &kernel) != 2)
		errx(1, "%s", path);
	// The letter behind the name: anything but a sleeper is still at work.
	return behind[2] == 'S' ? user + kernel : -1;
}

// Reads until nothing comes and the contender has stopped working.
static void read_until_rest(struct contender *c)
{
	struct epoll_event ready[2];
	long before = -1;
	for (;;) {
		int count = epoll_wait(c->poller, ready, 2, rest);
		for (int i = 0; i < count; i++)
			receive(c, (int)ready[i].data.u32);
		if (count > 0)
			continue;
		long now = used(c);
		if (now >= 0 && now == before)
			break;
		before = now;
	}
	forget();
}

// Each prefix of the workload was announced once and nothing was withdrawn.
static void verify(const struct contender *c, const struct stream *s, int wanted)
{
	static uint8_t seen[200000];
	memset(seen, 0, sizeof seen);
	for (size_t at = 0; at < s->walked;) {
		const uint8_t *m = s->bytes + at;
		size_t length = (size_t)m[16] << 8 | m[17];
		at += length;
		if (m[18] != update_type)
			continue;
		if (m[19] != 0 || m[20] != 0)
			errx(1, "%s withdraws", c->name);
		for (size_t p = 23 + ((size_t)m[21] << 8 | m[22]); p < length; p += prefix_size) {
			uint32_t bits;
			memcpy(&bits, m + p + 1, 4);
			uint32_t number = ntohl(bits) - 0x64400000u;
			if (m[p] != 32 || number >= (uint32_t)wanted || seen[number]++)
				errx(1, "%s: not what it should announce", c->name);
		}
	}
}

static void measure(struct contender *c, struct figures *f, int wanted)
{
	struct in_addr address;
	inet_pton(AF_INET, SHARED_ADDRESS, &address);
	double began = change_address(c, RTM_NEWADDR, address, 24);
	while (streams[0].prefixes < wanted || streams[1].prefixes < wanted) {
		struct epoll_event ready[2];
		int count = epoll_wait(c->poller, ready, 2, patience);
		if (count <= 0)
			errx(1, "%s: %d and %d of %d prefixes after %d ms", c->name,
			     streams[0].prefixes, streams[1].prefixes, wanted, patience);
		for (int i = 0; i < count; i++)
			receive(c, (int)ready[i].data.u32);
	}
	for (int i = 0; i < 2; i++) {
		f->first[i][f->count] = streams[i].first - began;
		f->last[i][f->count] = streams[i].last - began;
		verify(c, &streams[i], wanted);
	}
	f->all[f->count] = f->last[f->last[0][f->count] > f->last[1][f->count] ? 0 : 1][f->count];
	f->count++;
	read_until_rest(c);
	change_address(c, RTM_DELADDR, address, 24);
	read_until_rest(c);
}

// A line of /proc/PID/status, in KiB.
static long status(const struct contender *c, const char *name)
{
	char path[64], line[256];
	long value = -1;
	snprintf(path, sizeof path, "/proc/%d/status", (int)c->process);
	FILE *file = fopen(path, "r");
	if (!file)
		err(1, "%s", path);
	while (fgets(line, sizeof line, file))
		if (strncmp(line, name, strlen(name)) == 0)
			value = atol(line + strlen(name) + 1);
	fclose(file);
	return value;
}

static void live(struct contender *c, const struct workload *work)
{
	struct figures *f = &figures[c->kind];
	lab_start(c, work);
	for (int i = 0; i < 2; i++) {
		// What came behind the KEEPALIVE that completed the session.
		memcpy(streams[i].bytes, c->servers[i].bytes, c->servers[i].filled);
		streams[i].filled = c->servers[i].filled;
		streams[i].walked = 0;
		walk(&streams[i], 0);
	}
	read_until_rest(c);
	for (int round = 0; round < rounds; round++)
		measure(c, f, work->vips * work->prefixes);
	long resident = status(c, "VmRSS:"), peak = status(c, "VmHWM:");
	f->resident = resident > f->resident ? resident : f->resident;
	f->peak = peak > f->peak ? peak : f->peak;
	lab_stop(c);
}

// In milliseconds; the values are in order.
static double quantile(const double *values, int count, double part)
{
	return values[(int)((count - 1) * part + 0.5)] / 1e3;
}

static void report(const struct workload *work, struct contender *contenders, int running)
{
	printf("\n%d x %d: VIPs x prefixes moved by one address event; milliseconds\n", work->vips,
	       work->prefixes);
	printf("%-12s %4s | %8s %8s | %8s %8s | %8s %8s %8s %8s | %s\n", "", "n", "1: first",
	       "last", "2: first", "last", "both min", "p50", "p99", "max", "resident (peak) MiB");
	for (int i = 0; i < running; i++) {
		struct figures *f = &figures[contenders[i].kind];
		int n = f->count;
		double *all[] = {f->first[0], f->last[0], f->first[1], f->last[1], f->all};
		for (int j = 0; j < 5; j++)
			qsort(all[j], (size_t)n, sizeof(double), ascending);
		printf("%-12s %4d | %8.3f %8.3f | %8.3f %8.3f | %8.3f %8.3f %8.3f %8.3f | %.1f (%.1f)\n",
		       contenders[i].name, n, quantile(f->first[0], n, 0.5),
		       quantile(f->last[0], n, 0.5), quantile(f->first[1], n, 0.5),
		       quantile(f->last[1], n, 0.5), quantile(f->all, n, 0), quantile(f->all, n, 0.5),
		       quantile(f->all, n, 0.99), quantile(f->all, n, 1), (double)f->resident / 1024,
		       (double)f->peak / 1024);
	}
	fflush(stdout);
}

static void run_case(struct workload work, int lives, struct contender *contenders, int running)
{
	for (int kind = 0; kind < kinds; kind++)
		memset(&figures[kind], 0, sizeof figures[kind]);
	for (int life = 0; life < lives; life++)
		for (int i = 0; i < running; i++)
			live(&contenders[(life + i) % running], &work);
	report(&work, contenders, running);
}

int main(int count, char **words)
{
	static struct contender contenders[kinds];
	static char *usual[] = {
		"1x1", "1x1000", "1x10000", "1x100000", "100x1", "1000x1", "10000x1",
	};
	int lives = count >= 2 ? atoi(words[1]) : 0, named = 2;

	while (named < count && strchr(words[named], '='))
		named++;
	int running = lab_contenders(contenders, words + 2, named - 2);
	if (lives < 1 || lives > most_lives || running != named - 2
	    || (running > 0 && contenders[running - 1].kind > hopshift_kind))
		errx(2, "usage: hopshift-scale LIVES floor=PATH bird=PATH hopshiftd=PATH"
			" [VIPSxPREFIXES...]");
	lab_begin();
	for (int i = 0; i < 2; i++)
		if (!(streams[i].bytes = malloc(buffer_size)))
			err(1, "no memory");
		else
			memset(streams[i].bytes, 0, buffer_size);
	for (int i = 0; i < running; i++)
		lab_build(&contenders[i], i);
	char **cases = named < count ? words + named : usual;
	int many = named < count ? count - named : (int)(sizeof usual / sizeof usual[0]);
	for (int i = 0; i < many; i++) {
		struct workload work = {.shared = true};
		if (sscanf(cases[i], "%dx%d", &work.vips, &work.prefixes) != 2 || work.vips < 1
		    || work.prefixes < 1 || work.vips * (long)work.prefixes > 200000)
			errx(2, "%s is no VIPSxPREFIXES", cases[i]);
		run_case(work, lives, contenders, running);
	}
	return 0;
}
