// microhttpd.h, as Debian ships it.
#ifndef HOPSHIFT_CMICROHTTPD_H
#define HOPSHIFT_CMICROHTTPD_H

#include <stdarg.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <microhttpd.h>

// Variadic, and its flags are enumerators that are or-ed. No thread of its own: somebody else waits.
static inline struct MHD_Daemon *cmhd_start(
    int listener, unsigned int connections, unsigned int idle_seconds, size_t memory,
    MHD_AccessHandlerCallback handler, MHD_RequestCompletedCallback completed, void *owner) {
  return MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handler, owner,
      MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, connections,
      MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
      MHD_OPTION_NOTIFY_COMPLETED, completed, owner, MHD_OPTION_END);
}

// Variadic, and the answer is a union, of which only this member is defined for this question.
static inline int cmhd_epoll(struct MHD_Daemon *daemon) {
  return MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

#endif
