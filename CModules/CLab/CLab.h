// What only the lab needs of the kernel: signals to strangers, a thread of its own, datagrams with time stamps, address requests.
#ifndef HOPSHIFT_CLAB_H
#define HOPSHIFT_CLAB_H

// The headers that both need belong to CLinux: a structure can be owned by one module only.
#include "../CLinux/CLinux.h"

#include <arpa/inet.h>
#include <pthread.h>

#include <linux/if_addr.h>
#include <linux/if_tun.h>

// Each shim reports through its result: errno could be overwritten before Swift reads it.
static inline long clab_result(long result) { return result < 0 ? -errno : result; }

static inline long clab_kill(int pid, int signal) { return clab_result(kill(pid, signal)); }

// Returns only when the program cannot be executed.
static inline long clab_exec(char *const words[]) { return clab_result(execvp(words[0], words)); }

static inline long clab_rmdir(const char *path) { return clab_result(rmdir(path)); }

// readlink(2) of /proc/PID/ns/NAME: which namespace a process is in.
static inline long clab_readlink(const char *path, char *out, size_t size) {
  return clab_result(readlink(path, out, size));
}

// sendto with a literal address: connected sockets remember an ICMP error, this one must not care.
static inline long clab_send(int fd, const void *bytes, size_t count) {
  return clab_result(send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static inline long clab_datagram_socket(void) {
  return clab_result(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// ioctl is variadic; the request holds the name that the kernel fills in or takes.
static inline long clab_tap_create(int fd, struct ifreq *request) {
  request->ifr_flags |= IFF_TAP | IFF_NO_PI;
  return clab_result(ioctl(fd, TUNSETIFF, request));
}
static inline long clab_tap_carrier(int fd, int carries) {
  return clab_result(ioctl(fd, TUNSETCARRIER, &carries));
}

static inline long clab_netlink_socket(void) {
  return clab_result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
}

static inline long clab_connect_ipv4(int fd, uint32_t address, uint16_t port) {
  struct sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
  return clab_result(connect(fd, (struct sockaddr *)&to, sizeof to));
}

static inline long clab_stamp_arrivals(int fd) {
  return clab_result(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &(int){1}, sizeof(int)));
}

// One datagram and the time at which the kernel took it in, on CLOCK_REALTIME; CMSG_* are macros.
static inline long clab_receive_stamped(int fd, void *bytes, size_t size, int64_t *nanoseconds) {
  char control[64] __attribute__((aligned(8)));
  struct iovec part = {bytes, size};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  long received = recvmsg(fd, &message, MSG_DONTWAIT);
  if (received < 0) return -errno;
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  struct timespec stamp = {0, 0};
  if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SO_TIMESTAMPNS)
    memcpy(&stamp, CMSG_DATA(head), sizeof stamp);
  *nanoseconds = (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
  return received;
}

// Waits until `fd` can be read or `nanoseconds` have passed; a negative `fd` waits for the time alone.
static inline long clab_wait(int fd, int64_t nanoseconds) {
  struct pollfd one = {.fd = fd, .events = POLLIN};
  struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  return clab_result(syscall(SYS_ppoll, &one, 1, &time, NULL, 0));
}

// RTM_NEWADDR or RTM_DELADDR for one IPv4 address, as ip-address(8) sends it.
struct clab_address_request {
  struct nlmsghdr header;
  struct ifaddrmsg address;
  struct rtattr local_head;
  uint32_t local;
  struct rtattr whole_head;
  uint32_t whole;
};
enum {
  clab_request_flags = NLM_F_REQUEST | NLM_F_ACK,
  clab_create_flags = NLM_F_CREATE | NLM_F_EXCL,
  clab_attribute_length = RTA_LENGTH(4),
};

#endif
