// The contenders of the benchmark: who they are, their configurations, their start and end; see lab.h.
#define _GNU_SOURCE
#include "lab.h"

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *word, *name;
} known[kinds] = {
	[floor_kind] = {"floor", "floor in C"},
	[bird_kind] = {"bird", "BIRD"},
	[hopshift_kind] = {"hopshiftd", "hopshiftd"},
	[exabgp_kind] = {"exabgp", "ExaBGP, pipe"},
	[frr_kind] = {"frr", "FRR"},
	[gobgp_kind] = {"gobgp", "GoBGP, CLI"},
	[keepalived_kind] = {"keepalived", "keepalived"},
};

enum { end_patience = 5000 };	// ms until who does not end is killed

static pid_t started[kinds];	// 0: not running

static void end(int kind)
{
	if (started[kind] == 0)
		return;
	// Asked first: who is looked into by valgrind writes at its end what was seen.
	struct pollfd ended = {.fd = (int)syscall(SYS_pidfd_open, started[kind], 0), .events = POLLIN};
	if (ended.fd < 0)
		err(1, "pidfd");
	// unshare(1) hears no SIGTERM while it waits, and takes all with it when it is killed.
	bool hears = kind <= hopshift_kind;
	if (hears)
		kill(started[kind], SIGTERM);
	if (hears && poll(&ended, 1, end_patience) < 0)
		err(1, "poll");
	close(ended.fd);
	kill(started[kind], SIGKILL);
	waitpid(started[kind], NULL, 0);
	started[kind] = 0;
}

void lab_end_programs(void)
{
	for (int kind = 0; kind < kinds; kind++)
		end(kind);
}

int lab_contenders(struct contender *list, char **words, int count)
{
	int found = 0;
	for (int kind = 0; kind < kinds; kind++)
		for (int i = 0; i < count; i++) {
			size_t length = strlen(known[kind].word);
			if (strncmp(words[i], known[kind].word, length) != 0 || words[i][length] != '=')
				continue;
			list[found].kind = (enum kind)kind;
			list[found].name = known[kind].name;
			list[found].program = words[i] + length + 1;
			found++;
			break;
		}
	return found;
}

// The prefixes of a workload count on through its VIPs.
static void put_prefix(FILE *file, unsigned number)
{
	fprintf(file, "100.%u.%u.%u/32", 64 + (number >> 16), number >> 8 & 255, number & 255);
}

// When all VIPs move together: static routes by a neighbour that is there while the address is.
static void write_bird_routes(FILE *file, const struct workload *work)
{
	if (!work->shared) {
		fprintf(file, "protocol direct { ipv4; interface \"vip0\"; }\n");
		return;
	}
	fprintf(file, "protocol static {\n  ipv4;\n");
	for (int i = 0; i < work->vips * work->prefixes; i++) {
		fprintf(file, "  route ");
		put_prefix(file, (unsigned)i);
		fprintf(file, " via " SHARED_NETWORK ".2;\n");
	}
	fprintf(file, "}\n");
}

static void write_bird(const char *path, const struct workload *work)
{
	FILE *file = fopen(path, "w");
	if (!file)
		err(1, "%s", path);
	fprintf(file, "router id " LOCAL ";\nprotocol device {}\n");
	write_bird_routes(file, work);
	for (int i = 0; i < 2; i++)
		fprintf(file, "protocol bgp r%d {\n  local " LOCAL " as %d;\n"
			"  neighbor %s as %d;\n  multihop;\n  connect delay time 1;\n"
			"  ipv4 { import none; export where source ~ [ RTS_DEVICE, RTS_STATIC ];"
			" next hop self; };\n}\n",
			i + 1, LOCAL_ASN, server_addresses[i], SERVER_ASN);
	fclose(file);
}

static void write_hopshift(const char *path, const struct workload *work)
{
	FILE *file = fopen(path, "w");
	if (!file)
		err(1, "%s", path);
	fprintf(file, "local: {asn: %d, address: " LOCAL "}\n"
		"route-servers: {platform: generic, asn: %d, peers: [%s, %s]}\nvips:\n",
		LOCAL_ASN, SERVER_ASN, server_addresses[0], server_addresses[1]);
	for (int i = 0; i < work->vips; i++) {
		fprintf(file, "  v%d: {prefixes: [", i);
		for (int j = 0; j < work->prefixes; j++) {
			fprintf(file, j == 0 ? "" : j % 8 == 0 ? ",\n    " : ", ");
			put_prefix(file, (unsigned)(i * work->prefixes + j));
		}
		fprintf(file, "], owner: {when: address, settle: 0s%s}}\n",
			work->shared ? ", address: " SHARED_ADDRESS : "");
	}
	if (!work->shared)
		fprintf(file, "  watched: {prefixes: [100.127.0.1/32], hosts: [near, far],"
			" failback: 0s}\n"
			"hosts:\n  near: {address: 10.10.0.8, probes: [link: {interface: vip0}]}\n"
			"  far: {address: 10.10.0.9, probes: [link: {interface: br0}]}\n");
	fclose(file);
}

static void become(struct contender *c, const struct workload *work)
{
	const char *program = c->program, *word = known[c->kind].word;
	char file[64], socket_path[64], log[64], prefixes[16];
	snprintf(file, sizeof file, "%s/%s.conf", lab_folder(), word);
	snprintf(socket_path, sizeof socket_path, "%s/%s.sock", lab_folder(), word);
	snprintf(log, sizeof log, "%s/%s.log", lab_folder(), word);
	int output = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	lab_enter(c->namespaces[0]);
	lab_schedule();
	dup2(output, 1);
	dup2(output, 2);
	switch (c->kind) {
	case floor_kind:
		snprintf(prefixes, sizeof prefixes, "%d", work->shared ? work->vips * work->prefixes : 1);
		execl(program, program, LOCAL, server_addresses[0], server_addresses[1], prefixes,
		      "vip0", NULL);
		break;
	case bird_kind:
		write_bird(file, work);
		execl(program, program, "-f", "-c", file, "-s", socket_path, NULL);
		break;
	case hopshift_kind:
		write_hopshift(file, work);
		execl(program, program, "--config", file, "--control", socket_path, NULL);
		break;
	default:
		// What it starts lives in a process namespace of its own, and ends with it.
		execlp("unshare", "unshare", "--pid", "--fork", "--kill-child", program, word,
		       lab_folder(), NULL);
		program = "unshare";
	}
	err(1, "%s", program);
}

static void show_log(const struct contender *c)
{
	char line[128];
	snprintf(line, sizeof line, "cat %s/%s*.log >&2", lab_folder(), known[c->kind].word);
	if (system(line) != 0)
		warnx("no output of %s", c->name);
}

void lab_start(struct contender *c, const struct workload *work)
{
	c->process = fork();
	if (c->process < 0)
		err(1, "fork");
	if (c->process == 0)
		become(c, work);
	started[c->kind] = c->process;
	for (int i = 0; i < 2; i++) {
		c->servers[i].filled = 0;
		struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
		if (!lab_establish(c, i)) {
			show_log(c);
			errx(1, "%s: no session with %s", c->name, server_addresses[i]);
		}
		if (epoll_ctl(c->poller, EPOLL_CTL_ADD, c->servers[i].connection, &wanted) < 0)
			err(1, "epoll");
	}
}

void lab_stop(struct contender *c)
{
	end((int)c->kind);
	for (int i = 0; i < 2; i++) {
		close(c->servers[i].connection);
		c->servers[i].connection = -1;
	}
}
