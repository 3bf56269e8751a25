// libmnl/libmnl.h, as Debian ships it.
#ifndef HOPSHIFT_CMNL_H
#define HOPSHIFT_CMNL_H

#include <errno.h>
#include <libmnl/libmnl.h>
#include <sys/socket.h>

// libmnl reports through errno, which could be overwritten before Swift reads it: each shim answers
// -errno instead.
static inline long cmnl_open(int bus, struct mnl_socket **out) {
  return (*out = mnl_socket_open2(bus, SOCK_CLOEXEC | SOCK_NONBLOCK)) ? 0 : -errno;
}
static inline long cmnl_bind(struct mnl_socket *socket, unsigned groups) {
  return mnl_socket_bind(socket, groups, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
}
static inline long cmnl_set(const struct mnl_socket *socket, int name, int value) {
  return mnl_socket_setsockopt(socket, name, &value, sizeof value) < 0 ? -errno : 0;
}
static inline long cmnl_send(const struct mnl_socket *socket, const struct nlmsghdr *request) {
  return mnl_socket_sendto(socket, request, request->nlmsg_len) < 0 ? -errno : 0;
}

#endif
