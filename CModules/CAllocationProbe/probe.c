// Counts the heap's use between a netlink datagram and the TCP sends that answer it, from inside the process.
//
// Loaded by LD_PRELOAD. An event opens when recvmsg() returns data of an AF_NETLINK socket and is
// over when the process waits again (epoll_wait, poll, select and their like). If anything was sent
// on a TCP socket in between, one line goes to the file that HOPSHIFT_ALLOCATION_LOG names:
//
//   event 7 bytes 88 allocations 0 frees 0 sends 2 keepalives 0 ns 5120 9870
//
// With HOPSHIFT_ALLOCATION_WAKE in the environment an event opens whenever epoll_wait returns, for
// what is no netlink: a timer, an answer, or one that did not come. Keepalives are those of the
// sends that took 19 bytes, a BGP KEEPALIVE and nothing else.
//
// Counted is what happened from the return of the first recvmsg() to the entry of the last send;
// the times run from the same return to the return of each send. When the process ends, and at each
// SIGUSR2, the line "total allocations N" tells what was seen in its whole life: it shows that the
// process uses the functions that are watched. Nothing here allocates. The process has one thread that matters;
// others are counted with it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

// glibc's own names for the functions that are replaced here: dlsym() would allocate.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

enum { most_sends = 64, keepalive_size = 19 };

static struct {
	bool open;
	int64_t began;
	uint64_t bytes;
	uint64_t allocations, frees;		// so far
	uint64_t allocations_sent, frees_sent;	// at the last send
	int sends, keepalives;
	int64_t sent[most_sends];
} event;

static uint64_t event_number;
static uint64_t total_allocations;
static int log_descriptor = -1;
static bool opens_on_wake;

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void allocated(void)
{
	__atomic_add_fetch(&total_allocations, 1, __ATOMIC_RELAXED);
	if (event.open)
		__atomic_add_fetch(&event.allocations, 1, __ATOMIC_RELAXED);
}

static void freed(const void *pointer)
{
	if (event.open && pointer)
		__atomic_add_fetch(&event.frees, 1, __ATOMIC_RELAXED);
}

EXPORTED void *malloc(size_t size)
{
	allocated();
	return __libc_malloc(size);
}

EXPORTED void *calloc(size_t count, size_t size)
{
	allocated();
	return __libc_calloc(count, size);
}

EXPORTED void *realloc(void *old, size_t size)
{
	allocated();
	return __libc_realloc(old, size);
}

EXPORTED void *reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	allocated();
	return __libc_realloc(old, bytes);
}

EXPORTED void *memalign(size_t alignment, size_t size)
{
	allocated();
	return __libc_memalign(alignment, size);
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size)
{
	allocated();
	return __libc_memalign(alignment, size);
}

EXPORTED int posix_memalign(void **result, size_t alignment, size_t size)
{
	allocated();
	void *memory = __libc_memalign(alignment, size);
	if (!memory)
		return ENOMEM;
	*result = memory;
	return 0;
}

EXPORTED void free(void *pointer)
{
	freed(pointer);
	__libc_free(pointer);
}

static int option(int descriptor, int name)
{
	int value = -1;
	socklen_t size = sizeof value;
	long result = syscall(SYS_getsockopt, descriptor, SOL_SOCKET, name, &value, &size);
	return result < 0 ? -1 : value;
}

static bool is_netlink(int descriptor)
{
	return option(descriptor, SO_DOMAIN) == AF_NETLINK;
}

static bool is_tcp(int descriptor)
{
	int domain = option(descriptor, SO_DOMAIN);
	return (domain == AF_INET || domain == AF_INET6)
		&& option(descriptor, SO_TYPE) == SOCK_STREAM;
}

static void open_event(int64_t bytes)
{
	if (event.open) {
		event.bytes += (uint64_t)bytes;
		return;
	}
	memset(&event, 0, sizeof event);
	event.bytes = (uint64_t)bytes;
	event.began = now();
	event.open = true;
}

static char *put_text(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
	return at;
}

static char *put_number(char *at, uint64_t value)
{
	char digits[20];
	int count = 0;
	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	while (count)
		*at++ = digits[--count];
	return at;
}

static void put_line(char *line, char *end)
{
	*end++ = '\n';
	// A line that is lost is missed by whoever counts the lines.
	long written = syscall(SYS_write, log_descriptor, line, end - line);
	(void)written;
}

static void close_event(void)
{
	char line[200 + most_sends * 21];
	if (!event.open)
		return;
	event.open = false;
	if (event.sends == 0 || log_descriptor < 0)
		return;
	event_number += 1;
	char *at = put_number(put_text(line, "event "), event_number);
	at = put_number(put_text(at, " bytes "), event.bytes);
	at = put_number(put_text(at, " allocations "), event.allocations_sent);
	at = put_number(put_text(at, " frees "), event.frees_sent);
	at = put_number(put_text(at, " sends "), (uint64_t)event.sends);
	at = put_number(put_text(at, " keepalives "), (uint64_t)event.keepalives);
	at = put_text(at, " ns");
	for (int i = 0; i < event.sends && i < most_sends; i++)
		at = put_number(put_text(at, " "), (uint64_t)event.sent[i]);
	put_line(line, at);
}

static void before_send(int descriptor, bool *counts)
{
	*counts = event.open && is_tcp(descriptor);
	if (*counts) {
		event.allocations_sent = event.allocations;
		event.frees_sent = event.frees;
	}
}

static ssize_t after_send(bool counts, long result)
{
	if (counts && result >= 0) {
		if (event.sends < most_sends)
			event.sent[event.sends] = now() - event.began;
		event.sends += 1;
		event.keepalives += result == keepalive_size;
	}
	return result;
}

EXPORTED ssize_t recvmsg(int descriptor, struct msghdr *message, int flags)
{
	long result = syscall(SYS_recvmsg, descriptor, message, flags);
	if (result > 0 && is_netlink(descriptor))
		open_event(result);
	return result;
}

EXPORTED ssize_t sendto(int descriptor, const void *bytes, size_t count, int flags,
			const struct sockaddr *to, socklen_t size)
{
	bool counts;
	before_send(descriptor, &counts);
	return after_send(counts, syscall(SYS_sendto, descriptor, bytes, count, flags, to, size));
}

EXPORTED ssize_t send(int descriptor, const void *bytes, size_t count, int flags)
{
	return sendto(descriptor, bytes, count, flags, NULL, 0);
}

EXPORTED ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags)
{
	bool counts;
	before_send(descriptor, &counts);
	return after_send(counts, syscall(SYS_sendmsg, descriptor, message, flags));
}

EXPORTED ssize_t write(int descriptor, const void *bytes, size_t count)
{
	bool counts;
	before_send(descriptor, &counts);
	return after_send(counts, syscall(SYS_write, descriptor, bytes, count));
}

EXPORTED ssize_t writev(int descriptor, const struct iovec *pieces, int count)
{
	bool counts;
	before_send(descriptor, &counts);
	return after_send(counts, syscall(SYS_writev, descriptor, pieces, count));
}

enum { kernel_signal_set = 8 };	// bytes, as the system calls below want it

static int woken(int result)
{
	if (opens_on_wake && result >= 0)
		open_event(0);
	return result;
}

EXPORTED int epoll_pwait(int descriptor, struct epoll_event *events, int most, int timeout,
			 const sigset_t *mask)
{
	close_event();
	return woken((int)syscall(SYS_epoll_pwait, descriptor, events, most, timeout, mask,
				  kernel_signal_set));
}

EXPORTED int epoll_wait(int descriptor, struct epoll_event *events, int most, int timeout)
{
	return epoll_pwait(descriptor, events, most, timeout, NULL);
}

EXPORTED int epoll_pwait2(int descriptor, struct epoll_event *events, int most,
			  const struct timespec *timeout, const sigset_t *mask)
{
	close_event();
	return woken((int)syscall(SYS_epoll_pwait2, descriptor, events, most, timeout, mask,
				  kernel_signal_set));
}

EXPORTED int poll(struct pollfd *set, nfds_t count, int timeout)
{
	close_event();
	return (int)syscall(SYS_poll, set, count, timeout);
}

EXPORTED int select(int count, fd_set *readable, fd_set *writable, fd_set *odd,
		    struct timeval *timeout)
{
	close_event();
	return (int)syscall(SYS_select, count, readable, writable, odd, timeout);
}

static void put_total(void)
{
	char line[64];
	put_line(line, put_number(put_text(line, "total allocations "), total_allocations));
}

static void asked(int number)
{
	int before = errno;
	(void)number;
	put_total();
	errno = before;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("HOPSHIFT_ALLOCATION_LOG");
	opens_on_wake = getenv("HOPSHIFT_ALLOCATION_WAKE") != NULL;
	if (path)
		log_descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log_descriptor >= 0) {
		struct sigaction action = {.sa_handler = asked, .sa_flags = SA_RESTART};
		sigaction(SIGUSR2, &action, NULL);
	}
}

__attribute__((destructor)) static void end(void)
{
	close_event();
	if (log_descriptor >= 0)
		put_total();
}
