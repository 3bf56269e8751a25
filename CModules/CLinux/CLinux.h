// Linux system interfaces that the Glibc module does not bring: epoll, timerfd, packet sockets.
#ifndef HOPSHIFT_CLINUX_H
#define HOPSHIFT_CLINUX_H

// glibc's headers come before the kernel's: linux/*.h then sees their guards and does not define
// the same structures again.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>

// A shim stands below for one of three reasons: its callee is a macro (M), is variadic or declared
// only under _GNU_SOURCE, which must not be defined in a header that Swift reads (V), or reports
// through errno, which could be overwritten before Swift reads it (E). Each answers the call's
// result, or -errno. The letter above a shim names its reason.
static inline long clinux_result(long result) { return result < 0 ? -errno : result; }

// Macros with casts, and structure sizes of wire formats (M).
enum {
  clinux_cmsg_hdrlen = CMSG_LEN(0),
  clinux_sun_path_size = sizeof(((struct sockaddr_un *)0)->sun_path),
};

// Descriptors and files.
// E
static inline long clinux_close(int fd) { return clinux_result(close(fd)); }
// E
static inline long clinux_read(int fd, void *bytes, size_t count) {
  return clinux_result(read(fd, bytes, count));
}
// E
static inline long clinux_write(int fd, const void *bytes, size_t count) {
  return clinux_result(write(fd, bytes, count));
}
// V
static inline long clinux_open(const char *path, int flags, unsigned mode) {
  return clinux_result(open(path, flags | O_CLOEXEC, mode));
}
// E
static inline long clinux_fsync(int fd) { return clinux_result(fsync(fd)); }
// M, E
static inline long clinux_ignore_broken_pipes(void) {
  return clinux_result(signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0);
}
// E
static inline long clinux_flock(int fd, int what) { return clinux_result(flock(fd, what)); }
// E
static inline long clinux_unlink(const char *path) { return clinux_result(unlink(path)); }
// E
/* The length with the zero at the end. */
static inline long clinux_getcwd(void *path, size_t size) {
  return clinux_result(syscall(SYS_getcwd, path, size));
}
// E
static inline long clinux_rename(const char *old_path, const char *new_path) {
  return clinux_result(rename(old_path, new_path));
}
// E
static inline long clinux_lstat(const char *path, struct stat *out) {
  return clinux_result(lstat(path, out));
}
// E
static inline long clinux_fstat(int fd, struct stat *out) {
  return clinux_result(fstat(fd, out));
}
// E
static inline long clinux_getgroups(int size, unsigned *list) {
  return clinux_result(getgroups(size, list));
}
// E
static inline long clinux_chmod(const char *path, unsigned mode) {
  return clinux_result(chmod(path, mode));
}
// E
static inline long clinux_fchmod(int fd, unsigned mode) { return clinux_result(fchmod(fd, mode)); }
// E
static inline long clinux_mkdir(const char *path, unsigned mode) {
  return clinux_result(mkdir(path, mode));
}
// E
static inline long clinux_getrandom(void *bytes, size_t count) {
  return clinux_result(getrandom(bytes, count, 0));
}
// V
static inline long clinux_poll(
    struct pollfd *fds, unsigned long count, const struct timespec *timeout) {
  return clinux_result(syscall(SYS_ppoll, fds, count, (struct timespec[]){*timeout}, NULL, 0));
}

// Sockets.
// E, and SOCK_* are an enumeration in C only
static inline long clinux_socket(int family, int type, int protocol) {
  return clinux_result(socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
}
enum {
  clinux_sock_stream = SOCK_STREAM,
  clinux_sock_datagram = SOCK_DGRAM,
  clinux_sock_raw = SOCK_RAW,
};
// E
static inline long clinux_bind(int fd, const void *address, unsigned length) {
  return clinux_result(bind(fd, (const struct sockaddr *)address, length));
}
// E
static inline long clinux_connect(int fd, const void *address, unsigned length) {
  return clinux_result(connect(fd, (const struct sockaddr *)address, length));
}
// E
static inline long clinux_getsockname(int fd, void *address, unsigned *length) {
  return clinux_result(getsockname(fd, (struct sockaddr *)address, length));
}
// E
static inline long clinux_getpeername(int fd, void *address, unsigned *length) {
  return clinux_result(getpeername(fd, (struct sockaddr *)address, length));
}
// E
static inline long clinux_set_nonblocking(int fd) {
  return clinux_result(fcntl(fd, F_SETFL, O_NONBLOCK));
}
// E
static inline long clinux_listen(int fd, int backlog) { return clinux_result(listen(fd, backlog)); }
// V
static inline long clinux_accept(int fd) {
  return clinux_result(syscall(SYS_accept4, fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
}
// E
static inline long clinux_shutdown_write(int fd) { return clinux_result(shutdown(fd, SHUT_WR)); }
// E
static inline long clinux_setsockopt(int fd, int level, int name, int value) {
  return clinux_result(setsockopt(fd, level, name, &value, sizeof value));
}
// E
static inline long clinux_setsockopt_bytes(
    int fd, int level, int name, const void *value, unsigned length) {
  return clinux_result(setsockopt(fd, level, name, value, length));
}
// E
static inline long clinux_getsockopt(
    int fd, int level, int name, void *value, unsigned *length) {
  return clinux_result(getsockopt(fd, level, name, value, length));
}
// E
static inline long clinux_recv(int fd, void *bytes, size_t count, int flags) {
  return clinux_result(recv(fd, bytes, count, flags));
}
// E
static inline long clinux_recvmsg(int fd, struct msghdr *message, int flags) {
  return clinux_result(recvmsg(fd, message, flags));
}
// E
static inline long clinux_send(int fd, const void *bytes, size_t count, int flags) {
  return clinux_result(send(fd, bytes, count, flags));
}
// E
static inline long clinux_sendto(
    int fd, const void *bytes, size_t count, int flags, const void *address, unsigned length) {
  return clinux_result(
      sendto(fd, bytes, count, flags, (const struct sockaddr *)address, length));
}
// One of many messages: struct mmsghdr is declared under _GNU_SOURCE only (V); the layout is the
// kernel's (linux/socket.h).
struct clinux_message {
  struct msghdr header;
  unsigned int length;
};
// V
static inline long clinux_receive_many(
    int fd, struct clinux_message *messages, unsigned count, int flags) {
  return clinux_result(syscall(SYS_recvmmsg, fd, messages, count, flags, NULL));
}
// V
static inline long clinux_send_many(
    int fd, struct clinux_message *messages, unsigned count, int flags) {
  return clinux_result(syscall(SYS_sendmmsg, fd, messages, count, flags));
}
// V
static inline long clinux_unacknowledged(int fd, int *count) {
  return clinux_result(ioctl(fd, SIOCOUTQ, count));
}

// V
static inline long clinux_window_size(int fd, struct winsize *size) {
  return clinux_result(ioctl(fd, TIOCGWINSZ, size));
}
// struct ucred is declared under _GNU_SOURCE only (V); the layout is the kernel's (linux/socket.h).
struct clinux_credentials {
  int32_t pid;
  uint32_t uid;
  uint32_t gid;
};

// Waiting.
// E
static inline long clinux_epoll_create(void) { return clinux_result(epoll_create1(EPOLL_CLOEXEC)); }
// E
static inline long clinux_epoll_ctl(
    int fd, int operation, int target, uint32_t events, uint64_t token) {
  return clinux_result(
      epoll_ctl(fd, operation, target, &(struct epoll_event){.events = events, .data.u64 = token}));
}
// E
static inline long clinux_epoll_wait(int fd, struct epoll_event *events, int capacity) {
  return clinux_result(epoll_wait(fd, events, capacity, -1));
}
// EPOLL_EVENTS is an enumeration whose last member has the sign bit; hence plain numbers (M).
enum {
  clinux_epollin = EPOLLIN,
  clinux_epollout = EPOLLOUT,
  clinux_epollerr = EPOLLERR,
  clinux_epollhup = EPOLLHUP,
};
static const uint32_t clinux_epollet = (uint32_t)EPOLLET;
// E
static inline long clinux_timer_create(void) {
  return clinux_result(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
}
// E; two zeros disarm
static inline long clinux_timer_set(int fd, int64_t seconds, int64_t nanoseconds) {
  return clinux_result(timerfd_settime(
      fd, TFD_TIMER_ABSTIME, &(struct itimerspec){.it_value = {seconds, nanoseconds}}, NULL));
}
// E
static inline long clinux_signal_descriptor(const sigset_t *mask) {
  return clinux_result(signalfd(-1, mask, SFD_CLOEXEC | SFD_NONBLOCK));
}
// E: a counter between threads
static inline long clinux_event_descriptor(void) {
  return clinux_result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

// The process.
// V: no core file shows what is in its memory
static inline long clinux_no_core(void) {
  return clinux_result(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}
// E
static inline long clinux_no_core_size(void) {
  return clinux_result(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}));
}
// V
static inline long clinux_no_new_privileges(void) {
  return clinux_result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

// Network namespaces: setns and unshare are declared under _GNU_SOURCE only (V).
static inline long clinux_enter_network(int fd) {
  return clinux_result(syscall(SYS_setns, fd, CLONE_NEWNET));
}
static inline long clinux_leave_network(void) {
  return clinux_result(syscall(SYS_unshare, CLONE_NEWNET));
}
// E
static inline long clinux_bind_mount(const char *source, const char *target) {
  return clinux_result(mount(source, target, "none", MS_BIND | MS_REC, NULL));
}
// E
static inline long clinux_share_mount(const char *target) {
  return clinux_result(mount("", target, "none", MS_SHARED | MS_REC, NULL));
}
// V: MNT_DETACH is an enumeration
static inline long clinux_detach_mount(const char *target) {
  return clinux_result(umount2(target, MNT_DETACH));
}

#endif
